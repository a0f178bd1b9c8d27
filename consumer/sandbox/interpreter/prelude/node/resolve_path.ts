/** An absolute path, without "." and "..". */
export function resolvePath(from: string, name: string): string {
  const segments: string[] = [];
  for (const part of (name.startsWith("/") ? name : `${from}/${name}`).split("/")) {
    if (part === "..") segments.pop();
    else if (part !== "" && part !== ".") segments.push(part);
  }
  return `/${segments.join("/")}`;
}
