/* Lists of form rows: tr[data-row] in a [data-list], the last one, tr[data-spare], empty. A new row is a copy of it with the next
   number in its names. The list hears "rows" when there is one more or less. */

export function addRow(list) {
  const spare = list.querySelector("tr[data-spare]"), row = spare.cloneNode(true);
  const number = Number(list.dataset.next ?? spare.dataset.row);
  list.dataset.next = String(number + 1);
  row.removeAttribute("data-spare");
  row.hidden = false;
  row.dataset.row = String(number);
  for (const field of row.querySelectorAll("[name]")) {
    const name = field.name.replace(`.${spare.dataset.row}.`, `.${number}.`);
    for (const label of row.querySelectorAll(`[for="${CSS.escape(field.id)}"]`)) label.htmlFor = name;
    field.name = field.id = name;
    field.disabled = false;
  }
  spare.before(row);
  list.dispatchEvent(new CustomEvent("rows", { bubbles: true }));
  return row;
}

export function removeRow(row) {
  const list = row.closest("[data-list]");
  row.remove();
  list.dispatchEvent(new CustomEvent("rows", { bubbles: true }));
}

/** With scripts the spare row waits unseen for a button, and a box to tick becomes a button that removes at once. */
export function prepare(root) {
  for (const list of root.querySelectorAll("[data-list]")) {
    const spare = list.querySelector("tr[data-spare]");
    if (!spare) continue;
    list.dataset.next ??= String(Number(spare.dataset.row) + 1);
    spare.hidden = true;
    for (const field of spare.querySelectorAll("[name]")) field.disabled = true;  // not sent, nor asked for
  }
}
