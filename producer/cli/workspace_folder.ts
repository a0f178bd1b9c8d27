/** A task's workspace as a folder of this machine. The paths come from an agent, so each is confined here again. */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { normalisePath } from "../../shared/paths.ts";
import { cannotWrite } from "./csv/results_file.ts";
import { wrongUsage } from "./exit.ts";

/** Makes the folder: one that exists is refused, so that nothing is overwritten or followed. */
export async function emptyFolder(folder: string): Promise<void> {
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EEXIST") {
      throw wrongUsage(`-o ${folder}: exists already; name a folder that does not`);
    }
    throw cannotWrite(folder, error);
  });
}

/** Where a file of the workspace comes to lie below the folder; null for a path that would lie elsewhere. */
export function placeBelow(folder: string, name: string): string | null {
  const root = path.resolve(folder);
  const file = path.resolve(root, name);
  const confined = name === normalisePath(name) && file.startsWith(`${root}${path.sep}`);
  return confined ? file : null;
}

export async function writeNew(file: string, content: Uint8Array): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content, { flag: "wx" });
  } catch (error) {
    throw cannotWrite(file, error);
  }
}
