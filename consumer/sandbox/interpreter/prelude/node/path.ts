/** node:path for POSIX. */
function normalizeParts(path: string, isAbsolute: boolean): string {
  const kept: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== "..") kept.pop();
    else if (!isAbsolute) kept.push("..");
  }
  return kept.join("/");
}

function text(value: unknown, name = "path"): string {
  if (typeof value === "string") return value;
  const message = `The "${name}" argument must be of type string. Received ${value === null ? "null" : typeof value}`;
  throw Object.assign(new TypeError(message), { code: "ERR_INVALID_ARG_TYPE" });
}

function normalize(given: string): string {
  const path = text(given);
  const isAbsolute = path.startsWith("/");
  const clean = normalizeParts(path, isAbsolute);
  const tail = path.endsWith("/") && clean !== "" ? "/" : "";
  return (isAbsolute ? "/" : "") + clean + tail || ".";
}

function resolve(...paths: string[]): string {
  let whole = "";
  for (let at = paths.length - 1; at >= 0 && !whole.startsWith("/"); at -= 1) {
    const part = text(paths[at]);
    if (part !== "") whole = whole === "" ? part : `${part}/${whole}`;
  }
  return `/${normalizeParts(whole, true)}`;
}

function basename(path: string, suffix = ""): string {
  const base = text(path).replace(/\/+$/, "").split("/").at(-1) ?? "";
  return suffix !== "" && base !== suffix && base.endsWith(suffix)
    ? base.slice(0, -suffix.length)
    : base;
}

function extname(path: string): string {
  const base = basename(path);
  const dot = base.lastIndexOf(".");
  return dot <= 0 || base === ".." ? "" : base.slice(dot);
}

function dirname(path: string): string {
  const bare = text(path).replace(/(?<=.)\/+$/, "");
  const slash = bare.lastIndexOf("/");
  if (slash < 0) return ".";
  return slash === 0 ? "/" : bare.slice(0, slash).replace(/\/+$/, "");
}

function relative(from: string, to: string): string {
  const start = resolve(from).split("/").filter(Boolean);
  const end = resolve(to).split("/").filter(Boolean);
  let same = 0;
  while (same < start.length && same < end.length && start[same] === end[same]) same += 1;
  return [...start.slice(same).map(() => ".."), ...end.slice(same)].join("/");
}

interface Parsed {
  root?: string;
  dir?: string;
  base?: string;
  name?: string;
  ext?: string;
}

const methods = {
  sep: "/",
  delimiter: ":",
  normalize,
  resolve,
  basename,
  extname,
  dirname,
  relative,
  isAbsolute: (path: string) => text(path).startsWith("/"),
  join: (...paths: string[]) => {
    const whole = paths
      .map((part) => text(part))
      .filter(Boolean)
      .join("/");
    return whole === "" ? "." : normalize(whole);
  },
  parse: (path: string) => {
    const base = basename(path);
    const ext = extname(path);
    const dir = dirname(path);
    const root = path.startsWith("/") ? "/" : "";
    return {
      root,
      dir: path.includes("/") ? dir : "",
      base,
      ext,
      name: base.slice(0, base.length - ext.length),
    };
  },
  format: ({ root = "", dir, base, name = "", ext = "" }: Parsed) => {
    const last = base ?? name + (ext && !ext.startsWith(".") ? `.${ext}` : ext);
    if (!dir) return root + last;
    return dir === root ? dir + last : `${dir}/${last}`;
  },
  toNamespacedPath: (path: string) => path,
};

export const path: typeof methods & { posix?: object } = { ...methods };
path.posix = path;
