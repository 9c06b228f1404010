// What the widgets share: how they make elements (texts are set as text, nothing is parsed), drawings, and their colours. The tokens are those of notifyhub.css; a page without that file gets the same look from the values here.

const SVG = "http://www.w3.org/2000/svg";

/** The few drawings without which a widget cannot be; others come from the sprite. */
const ROUND = "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 1 1 0-17Z";
const DRAWN = {
  bell: "M6 9.5a6 6 0 0 1 12 0c0 5 2 6.5 2 7.5H4c0-1 2-2.5 2-7.5ZM10 20a2.2 2.2 0 0 0 4 0",
  info: `${ROUND}M12 11v5.2M12 7.8h.01`,
  success: `${ROUND}M8 12.3l2.8 2.7L16 9.5`,
  warning: "M12 4 2.8 19.5h18.4zM12 10v4.5M12 17h.01",
  error: `${ROUND}M12 7.5v5.2M12 16.2h.01`,
  close: "M6.5 6.5l11 11M17.5 6.5l-11 11",
};

/** An element with attributes, listeners (`onclick`) and children; what is null or false is left out.
 * @param {string} tag @param {Record<string, any>} [attributes] @param {...(Node | string | null | false)} children */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== false));
  return element;
}

/** A drawing: of the sprite if it is in there, else of the level. @param {string} name
 * @param {{sprite?: string, names?: string[]}} [from] @param {string} [otherwise] */
export function icon(name, { sprite = "", names = [] } = {}, otherwise = "info") {
  const svg = document.createElementNS(SVG, "svg");
  for (const [attribute, value] of Object.entries({ class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" })) {
    svg.setAttribute(attribute, value);
  }
  const drawn = /** @type {Record<string, string>} */ (DRAWN);
  const inSprite = !(name in drawn) && names.includes(name);
  const shape = document.createElementNS(SVG, inSprite ? "use" : "path");
  if (inSprite) shape.setAttribute("href", `${sprite}#${name}`);
  else shape.setAttribute("d", drawn[name] ?? drawn[otherwise] ?? drawn.info);
  svg.append(shape);
  return svg;
}

export const LEVELS = ["info", "success", "warning", "error"];

/** @param {{level?: string}} one */
export const levelOf = ({ level = "" }) => (LEVELS.includes(level) ? level : "info");

/** `url` as an address a person may be sent to, or nothing. @param {string | undefined} url @param {string} base */
export function safe(url, base) {
  if (!url || !URL.canParse(url, base)) return "";
  const { protocol, href } = new URL(url, base);
  return ["http:", "https:", "mailto:", "tel:"].includes(protocol) ? href : "";
}

/** "{n} new" with its number. @param {string} text @param {Record<string, string | number>} values */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** A style sheet for a shadow root: the shared part and its own. Adopted sheets need no word in a site's
 * Content-Security-Policy. @param {string} own */
export function sheet(own) {
  const made = new CSSStyleSheet();
  made.replaceSync(SHARED + own);
  return made;
}

const SHARED = `
:host {
  --ground: var(--nh-raised, light-dark(#ffffff, #1d222c));
  --sunken: var(--nh-sunken, light-dark(#eceef3, #0a0d12));
  --hover: var(--nh-hover, light-dark(#f6f7fb, #242a36));
  --line: var(--nh-line, light-dark(#dfe2e9, #282e3a));
  --ink: var(--nh-ink, light-dark(#1a1f2b, #e8ebf2));
  --soft: var(--nh-soft, light-dark(#575f70, #9ea7b8));
  --accent: var(--nh-accent, light-dark(#3454d1, #9fb3ff));
  --accent-soft: var(--nh-accent-soft, light-dark(#e9edfc, #202a4a));
  --shadow: var(--nh-shadow-raised, 0 8px 28px rgb(16 24 40 / 18%), 0 2px 6px rgb(16 24 40 / 10%));
  --radius: var(--nh-radius, 10px);
  --target: var(--nh-target, 36px);
  font: 400 0.9375rem/1.5 var(--nh-font, system-ui, sans-serif);
  color: var(--ink);
}
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
.info { --tone: var(--nh-info, light-dark(#3454d1, #9fb3ff)); --tone-soft: var(--nh-info-soft, light-dark(#e9edfc, #202a4a)); }
.success { --tone: var(--nh-success, light-dark(#17734a, #72d3a2)); --tone-soft: var(--nh-success-soft, light-dark(#e0f4e9, #13301f)); }
.warning { --tone: var(--nh-warning, light-dark(#8a5200, #f0bd67)); --tone-soft: var(--nh-warning-soft, light-dark(#fcefd6, #362810)); }
.error { --tone: var(--nh-error, light-dark(#b3261e, #ff9d95)); --tone-soft: var(--nh-error-soft, light-dark(#fce9e7, #3d1c1a)); }
.icon { inline-size: 1.25rem; block-size: 1.25rem; display: block; flex: none; fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linecap: round; stroke-linejoin: round; }
button { font: inherit; color: inherit; background: none; border: 0; padding: 0; margin: 0; cursor: pointer; }
button:disabled { cursor: default; opacity: 0.55; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.quiet { color: var(--accent); font-weight: 550; font-size: 0.875rem; min-block-size: var(--target); padding-inline: 10px; border-radius: 8px; text-decoration: none; display: inline-grid; place-items: center; }
.quiet:hover:not(:disabled) { background: var(--accent-soft); }
.level { display: grid; place-items: center; flex: none; inline-size: 36px; block-size: 36px; border-radius: 10px; background: var(--tone-soft); color: var(--tone); }
.unseen { position: absolute; inline-size: 1px; block-size: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; animation: none !important; } }
`;
