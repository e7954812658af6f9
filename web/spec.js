// The launch URL: from what a person types to a spec, and from a running server to the page to open (contract 1.4, 3.1).

// encodeURIComponent leaves !'()* alone; a spec has them encoded, too.
const encode = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

export function launchPath({ repository, ref, file }) {
  const query = file ? `?${file.endsWith(".ipynb") || file.includes("/") ? "labpath" : "filepath"}=${encodeURIComponent(file)}` : "";
  return `/v2/git/${encode(repository)}/${encode(ref || "HEAD")}${query}`;
}

// What stands in the address of a launch page; null when it is none.
export function readLaunchPath(pathname) {
  const parts = /^\/v2\/([^/]+)\/(.+?)\/?$/.exec(pathname);
  if (!parts) return null;
  const [, provider, spec] = parts;
  const at = spec.lastIndexOf("/");
  const decode = (text) => { try { return decodeURIComponent(text); } catch { return text; } };
  return {
    provider,
    spec,
    repository: decode(at > 0 ? spec.slice(0, at) : spec),
    ref: at > 0 ? decode(spec.slice(at + 1)) : "",
  };
}

// A sentence when it is no repository's address; null when it may be one.
export function complaint(repository) {
  if (!repository) return "Give the address of a Git repository.";
  if (/^[^@/\s]+@[^:/\s]+:\S+$/.test(repository)) return null; // user@host:path
  if (!/^[a-z]+:\/\//i.test(repository)) return "An address begins with https:// or git://.";
  if (!/^(https?|git|ssh):\/\/[^/\s]+\/\S+$/i.test(repository)) return "That is no address of a Git repository: https://host/path.";
  return null;
}

// The page to open on a server that is ready (contract 1.4: labpath, then filepath, then urlpath).
export function openUrl(server, token, query) {
  const tidy = (text) => encodeURI(text.replace(/\/$/, ""));
  const parameters = new URLSearchParams(query);
  let path = "";
  if (parameters.get("labpath")) path = `doc/tree/${tidy(parameters.get("labpath"))}`;
  else if (parameters.get("filepath")) path = `tree/${tidy(parameters.get("filepath"))}`;
  else if (parameters.get("urlpath")) path = parameters.get("urlpath");
  const url = new URL(path.replace(/^\/+/, ""), server);
  url.searchParams.append("token", token);
  return url;
}
