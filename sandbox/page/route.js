/** Keep who one is and what one looks at in the address: `#UAREP/CGENERAL`, `#UAREP/A0RAPPORT/messages`. */

/** Return `{me, place, detail}`; `place` is a channel's or an app's id, `detail` a thread's ts or an app's tab. */
export function readRoute() {
  const [me = "", place = "", detail = ""] = decodeURIComponent(location.hash.slice(1)).split("/");
  return { me, place, detail };
}

/** Go somewhere; the browser's back button returns. */
export function go(me, place = "", detail = "", { replace = false } = {}) {
  const hash = `#${[me, place, detail].filter(Boolean).map(encodeURIComponent).join("/")}`;
  if (hash === location.hash) return;
  if (replace) {
    history.replaceState(null, "", hash);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  } else location.hash = hash;
}
