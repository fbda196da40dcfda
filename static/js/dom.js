/* Finding elements, and making them: what a page must have is asked for by its kind, so that a template that has lost it fails at
   its name. */

/** The page's element with this id. Throws where there is none of that kind.
 * @template {Element} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [kind]
 * @returns {T}
 */
export function byId(id, kind) {
  return known(document.getElementById(id), kind, `#${id}`);
}

/** The first element that a selector finds. Throws where there is none of that kind.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} [kind]
 * @returns {T}
 */
export function the(root, selector, kind) {
  return known(root.querySelector(selector), kind, selector);
}

/** The first element that a selector finds and that is of that kind; null where there is none.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode | null | undefined} root
 * @param {string} selector
 * @param {new () => T} [kind]
 * @returns {T | null}
 */
export function maybe(root, selector, kind) {
  return as(root?.querySelector(selector), kind);
}

/** All elements of that kind that a selector finds, in the page's order.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} [kind]
 * @returns {T[]}
 */
export function all(root, selector, kind) {
  return [...root.querySelectorAll(selector)].flatMap((found) => as(found, kind) ?? []);
}

/** What is known to be a node of the page, such as an event's target, as that kind; null where it is none.
 * @template {Element} [T=HTMLElement]
 * @param {unknown} found
 * @param {new () => T} [kind]
 * @returns {T | null}
 */
export function as(found, kind) {
  return found instanceof (kind ?? HTMLElement) ? /** @type {T} */ (found) : null;
}

/** The nearest element above (or at) an event's target that fits.
 * @template {Element} [T=HTMLElement]
 * @param {EventTarget | null | undefined} from
 * @param {string} selector
 * @param {new () => T} [kind]
 * @returns {T | null}
 */
export function above(from, selector, kind) {
  return from instanceof Element ? as(from.closest(selector), kind) : null;
}

/**
 * @template {Element} T
 * @param {Element | null} found
 * @param {(new () => T) | undefined} kind
 * @param {string} where
 * @returns {T}
 */
function known(found, kind, where) {
  const element = as(found, kind);
  if (!element) throw new Error(`the page has no ${where}`);
  return element;
}

/** A new element. An attribute that is false is left out.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | number | boolean>} [attributes]
 * @param {(Node | string)[]} children
 */
export function made(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== false) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** The JSON that a script element holds.
 * @param {Element | null | undefined} script
 * @returns {any}
 */
export function json(script) {
  return JSON.parse(script?.textContent ?? "{}");
}
