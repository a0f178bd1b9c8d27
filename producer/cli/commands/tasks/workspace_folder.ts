/** A task's workspace as a local folder. The paths come from an agent, so they are confined here again. */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { normalisePath } from "../../../../shared/files/paths.ts";
import { cannotWrite } from "../../csv/results_file.ts";
import { usageError } from "../../exit.ts";

/** Creates the folder. An existing one is a usage error, so that nothing is overwritten or followed. */
export async function createFolder(folder: string): Promise<void> {
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EEXIST") {
      throw usageError(`-o ${folder}: it exists already; name a folder that does not`);
    }
    throw cannotWrite(folder, error);
  });
}

/** The local path of a workspace file; null if it would be outside the folder. */
export function localPath(folder: string, name: string): string | null {
  const root = path.resolve(folder);
  const file = path.resolve(root, name);
  const isInside = name === normalisePath(name) && file.startsWith(`${root}${path.sep}`);
  return isInside ? file : null;
}

export async function writeNewFile(file: string, content: Uint8Array): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content, { flag: "wx" });
  } catch (error) {
    throw cannotWrite(file, error);
  }
}
