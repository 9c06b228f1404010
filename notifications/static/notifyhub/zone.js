// Tells the site once in which time zone this browser is, where nobody has ever set one for this person.

/**
 * @param {{guess?: string, csrf?: string, user?: string, tenant?: string}} config  `guess`: where it is told; empty
 *   where it need not be
 */
export function tellZone({ guess, csrf, user, tenant }) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!guess || !zone || told(`nh-zone ${tenant} ${user}`, zone)) return;
  fetch(guess, {
    method: "PATCH",
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrf ?? "" },
    body: JSON.stringify({ zone_guess: zone }),
    signal: AbortSignal.timeout(10_000),
  })
    .then((answer) => answer.text())
    .catch(() => {}); // the next page tells it again, in another session
}

/** Whether this tab has told it; from now on it has. @param {string} name @param {string} zone */
function told(name, zone) {
  try {
    if (sessionStorage.getItem(name) === zone) return true;
    sessionStorage.setItem(name, zone);
  } catch {
    // without storage it is told on each page, and taken once
  }
  return false;
}
