/* Lists of form rows: tr[data-row] in a [data-list], the last one, tr[data-spare], empty. A new row is a copy of it with the next
   number in its names. The list hears "rows" when there is one more or less. */

import { above, all, maybe, the } from "./dom.js";

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Field */

/** The form fields below an element.
 * @param {ParentNode} root
 */
export const fields = (root) => /** @type {Field[]} */ (all(root, "input[name], select[name], textarea[name]"));

/**
 * @param {HTMLElement} list
 * @returns {HTMLTableRowElement} the new row
 */
export function addRow(list) {
  const spare = the(list, "tr[data-spare]", HTMLTableRowElement);
  const row = /** @type {HTMLTableRowElement} */ (spare.cloneNode(true));
  const number = Number(list.dataset.next ?? spare.dataset.row);
  list.dataset.next = String(number + 1);
  row.removeAttribute("data-spare");
  row.hidden = false;
  row.dataset.row = String(number);
  for (const field of fields(row)) {
    const name = field.name.replace(`.${spare.dataset.row}.`, `.${number}.`);
    for (const label of all(row, `[for="${CSS.escape(field.id)}"]`, HTMLLabelElement)) label.htmlFor = name;
    field.name = field.id = name;
    field.disabled = false;
  }
  spare.before(row);
  list.dispatchEvent(new CustomEvent("rows", { bubbles: true }));
  return row;
}

/** @param {Element} row */
export function removeRow(row) {
  const list = above(row, "[data-list]");
  row.remove();
  list?.dispatchEvent(new CustomEvent("rows", { bubbles: true }));
}

/** With scripts the spare row waits unseen for a button, and a box to tick becomes a button that removes at once.
 * @param {ParentNode} root
 */
export function prepare(root) {
  for (const list of all(root, "[data-list]")) {
    const spare = maybe(list, "tr[data-spare]");
    if (!spare) continue;
    list.dataset.next ??= String(Number(spare.dataset.row) + 1);
    spare.hidden = true;
    for (const field of fields(spare)) field.disabled = true;  // not sent, nor asked for
  }
}
