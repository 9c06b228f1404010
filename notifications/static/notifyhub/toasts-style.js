// The looks of <nh-toasts>.

export const STYLE = `
:host { position: fixed; z-index: var(--nh-toasts-layer, 1000); inset: auto; inset-block-end: var(--edge); inset-inline-end: var(--edge); --edge: var(--nh-toasts-inset, 20px); inline-size: min(400px, calc(100vw - 2 * var(--edge))); pointer-events: none; }
:host([place^="top"]) { inset-block: calc(var(--edge) + 56px) auto; }
:host([place$="start"]) { inset-inline: var(--edge) auto; }
.stack { display: flex; flex-direction: column; gap: 10px; max-block-size: calc(100dvh - 90px); }
.stack:empty { display: none; }
:host([place^="top"]) .stack { flex-direction: column-reverse; }
.toast { position: relative; display: grid; grid-template-columns: 32px minmax(0, 1fr) auto; gap: 2px 12px; align-items: start; padding-block: 12px 13px; padding-inline: 18px 10px; border: 1px solid var(--line); border-radius: var(--radius); background: var(--ground); box-shadow: var(--shadow); overflow: clip; overflow-wrap: anywhere; pointer-events: auto; animation: enter 220ms cubic-bezier(0.2, 0.8, 0.3, 1); }
@keyframes enter { from { opacity: 0; translate: 0 14px; } }
.toast::before { content: ""; position: absolute; inset-block: 0; inset-inline-start: 0; inline-size: 4px; background: var(--tone); }
.toast:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.level { inline-size: 32px; block-size: 32px; border-radius: 9px; }
.words { min-inline-size: 0; padding-block-start: 5px; }
.title { display: block; margin: 0; color: var(--ink); font-weight: 620; font-size: 0.9375rem; line-height: 1.4; text-align: start; text-decoration: none; border-radius: 4px; }
a.title:hover { text-decoration: underline; text-underline-offset: 0.2em; }
.body { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; line-clamp: 3; overflow: hidden; margin: 2px 0 0; color: var(--soft); font-size: 0.875rem; line-height: 1.45; white-space: pre-line; text-align: start; }
.actions { display: flex; flex-wrap: wrap; gap: 6px 8px; margin-block-start: 9px; }
.action { display: inline-grid; place-items: center; min-block-size: max(32px, calc(var(--target) - 4px)); padding-inline: 12px; border-radius: 8px; background: var(--tone-soft); color: var(--tone); font-weight: 600; font-size: 0.8125rem; text-decoration: none; }
.action:hover { text-decoration: underline; text-underline-offset: 0.2em; }
.close { display: grid; place-items: center; inline-size: 32px; block-size: 32px; border-radius: 8px; color: var(--soft); }
.close:hover { background: var(--sunken); color: var(--ink); }
.close .icon { inline-size: 1rem; block-size: 1rem; }
.progress { position: absolute; inset-block-end: 0; inset-inline: 0; block-size: 3px; background: var(--tone); opacity: 0.45; transform-origin: 0 50%; }
:host(:dir(rtl)) .progress { transform-origin: 100% 50%; }
.toast:last-child[part~="more"] { padding-block: 6px 9px; }
[part~="more"] .words { display: flex; align-items: center; justify-content: space-between; gap: 12px; padding-block: 0; min-block-size: 32px; }
[part~="more"] .actions { margin: 0; }
@media (max-width: 600px) {
  :host { --edge: var(--nh-toasts-inset, 12px); inline-size: auto; inset-inline: var(--edge); }
  .stack { gap: 8px; }
  .toast { padding-block: 9px 11px; }
  .body { -webkit-line-clamp: 2; line-clamp: 2; }
}
@media (prefers-reduced-motion: reduce) { .progress { visibility: hidden; } }
`;
