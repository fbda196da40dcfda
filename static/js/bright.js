/* What is to be done next comes into sight when it changes, and when a panel that stood in its place is left: however much was done
   before it, nobody scrolls to read what a key would do. Whoever then scrolls elsewhere stays there. */
import { maybe } from "./dom.js";

const EDGE_PX = 4;

/** @param {import("./desk.js").Desk} desk */
export function brightInSight(desk) {
  let told = "";
  const look = () => {
    const room = maybe(desk.root, ".do .scroll"), next = maybe(room, "[data-bright]");
    if (!room || !next || desk.panelOpen) return;
    const said = `${desk.id} ${next.textContent}`;
    if (said === told) return;
    told = said;
    const here = room.getBoundingClientRect(), its = next.getBoundingClientRect();
    const below = its.bottom + EDGE_PX - here.bottom, above = its.top - EDGE_PX - here.top;
    if (above < 0) room.scrollTop += above; else if (below > 0) room.scrollTop += Math.min(below, above);
  };
  desk.addEventListener("shown", look);
  desk.addEventListener("left", () => { told = ""; look(); });
}
