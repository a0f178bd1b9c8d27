/** Paths of fields in error details, as people write them. */
const parts = (pointer: string): string[] =>
  pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));

export const lastFieldOf = (pointer: string): string => parts(pointer).at(-1) ?? "";

/** Formats `/files/data.csv/text` as `files["data.csv"].text`. */
export function formatPointer(pointer: string): string {
  return formatPath(parts(pointer));
}

export function formatPath(path: readonly (string | number)[]): string {
  let text = "";
  for (const part of path) {
    const name = String(part).slice(0, 128);
    if (/^\d+$/.test(name)) text += `[${name}]`;
    else if (/^[A-Za-z_$][\w$-]*$/.test(name)) text += text === "" ? name : `.${name}`;
    else text += `[${JSON.stringify(name)}]`;
  }
  return text;
}

/** The path of a field below another one: `template` and `files[0]` give `template.files[0]`. */
export const joinPath = (base: string, path: string): string =>
  path === "" || path.startsWith("[") ? `${base}${path}` : `${base}.${path}`;
