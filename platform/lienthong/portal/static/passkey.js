// The one thing that needs a script: an authenticator speaks to pages through one.
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => buffer && btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const keys = (list) => (list || []).map((key) => ({ ...key, id: bytes(key.id) }));

  const send = async (path, csrf, body) => {
    const headers = { "Content-Type": "application/json", "Accept-Language": document.documentElement.lang };
    if (csrf) headers["X-CSRF-Token"] = csrf;
    const answer = await fetch(path, { method: "POST", headers, body: body && JSON.stringify(body) });
    const found = await answer.json();
    if (!answer.ok) throw new Error(found.fix ? `${found.detail}. ${found.fix}` : found.detail);
    return found;
  };

  const create = async (asked) => {
    const made = await navigator.credentials.create({ publicKey: { ...asked, challenge: bytes(asked.challenge), user: { ...asked.user, id: bytes(asked.user.id) }, excludeCredentials: keys(asked.excludeCredentials) } });
    return { id: made.id, rawId: text(made.rawId), type: made.type, response: { clientDataJSON: text(made.response.clientDataJSON), attestationObject: text(made.response.attestationObject) } };
  };

  const get = async (asked) => {
    const made = await navigator.credentials.get({ publicKey: { ...asked, challenge: bytes(asked.challenge), allowCredentials: keys(asked.allowCredentials) } });
    const r = made.response;
    return { id: made.id, rawId: text(made.rawId), type: made.type, response: { clientDataJSON: text(r.clientDataJSON), authenticatorData: text(r.authenticatorData), signature: text(r.signature), userHandle: text(r.userHandle) || null } };
  };

  const run = async (part) => {
    const { passkey: kind, csrf, next, failed } = part.dataset;
    const problem = part.querySelector("[data-problem]");
    problem.textContent = "";
    try {
      const asked = await send(`/passkeys/${kind}/options`, csrf);
      const credential = kind === "registration" ? await create(asked) : await get(asked);
      const name = part.querySelector("[data-name]");
      await send(`/passkeys/${kind}`, csrf, name ? { credential, name: name.value || "Passkey" } : { credential });
      location.assign(next);
    } catch (error) {
      problem.textContent = error instanceof DOMException ? failed : error.message;
    }
  };

  for (const part of document.querySelectorAll("[data-passkey]")) {
    if (location.origin !== part.dataset.site) { // a passkey belongs to one name: tell where it works
      part.nextElementSibling.hidden = false;
      continue;
    }
    if (!window.PublicKeyCredential) continue;
    part.hidden = false;
    part.querySelector("button").addEventListener("click", () => run(part));
  }
})();
