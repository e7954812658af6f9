// The launch URL: from what a person types to a spec, and from a running server to the page to open (contract 1.4, 3.1).

// encodeURIComponent leaves !'()* alone; a spec has them encoded, too.
const encode = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

// "user/repository" where it is one on GitHub: by its address as this portal detects it (contract 1.5), or by its name
// alone. Null: it is a repository elsewhere, or the portal has no GitHub.
export function githubName(repository, providers) {
  const row = providers?.find((provider) => provider.id === "gh");
  const found = row && new RegExp(row.detect.regex).exec(repository)?.groups.repo.replace(/\.git$/, "");
  return found && /^[A-Za-z0-9-]+\/[\w.-]+$/.test(found) ? found : null;
}

// On GitHub a ref's slashes stand as they are, as in the links of the federation's badges.
function specOf(repository, ref, providers) {
  const github = githubName(repository, providers);
  return github ? `gh/${github}/${encode(ref).replaceAll("%2F", "/")}` : `git/${encode(repository)}/${encode(ref)}`;
}

export function launchPath({ repository, ref, file }, providers) {
  const query = file ? `?${file.endsWith(".ipynb") || file.includes("/") ? "labpath" : "filepath"}=${encodeURIComponent(file)}` : "";
  return `/v2/${specOf(repository, ref || "HEAD", providers)}${query}`;
}

// What stands in the address of a launch page; null when it is none.
export function readLaunchPath(pathname) {
  const parts = /^\/v2\/([^/]+)\/(.+?)\/?$/.exec(pathname);
  if (!parts) return null;
  const [, provider, spec] = parts;
  // A ref on GitHub may have slashes: what is behind the second one.
  const at = provider === "gh" ? spec.indexOf("/", spec.indexOf("/") + 1) : spec.lastIndexOf("/");
  const decode = (text) => { try { return decodeURIComponent(text); } catch { return text; } };
  return {
    provider,
    spec,
    repository: decode(at > 0 ? spec.slice(0, at) : spec),
    ref: at > 0 ? decode(spec.slice(at + 1)) : "",
  };
}

// A sentence when it is no repository's address; null when it may be one.
export function complaint(repository, providers) {
  if (!repository) return "Give the address of a Git repository.";
  if (githubName(repository, providers)) return null;
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
