/** An absolute path, without "." and "..". */
export function resolvePath(from: string, name: string): string {
  const kept: string[] = [];
  for (const part of (name.startsWith("/") ? name : `${from}/${name}`).split("/")) {
    if (part === "..") kept.pop();
    else if (part !== "" && part !== ".") kept.push(part);
  }
  return `/${kept.join("/")}`;
}
