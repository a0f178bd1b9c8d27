/** The files of a task, live or settled, for reading. */
import { normalisePath } from "../../shared/files/paths.ts";
import { StoredFiles } from "../../shared/files/stored_files.ts";
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import type { FileEntry } from "../../shared/task/step.ts";
import type { InputFile } from "../../shared/task/task.ts";
import { lastWorkingThread, stepsOfThread } from "../../shared/task/thread.ts";
import type { Manifest, Transcript } from "../../shared/task/transcript.ts";
import type { ProducerEnv } from "../env.ts";
import { readTaskBody } from "./redrive/redrive.ts";

export interface TaskFiles {
  /** Hash and size of every file, by path. */
  manifest: () => Promise<Manifest>;
  /** A file's bytes, or null where there is no file with this path. */
  read: (path: string) => Promise<Uint8Array | null>;
}

export async function openFiles(
  env: ProducerEnv,
  row: TaskRow,
  { steps, workspace }: Transcript,
): Promise<TaskFiles> {
  const inputs = Object.entries((await readTaskBody(env, row))?.files ?? {});
  const files = new Map<string, InputFile | FileEntry>(
    inputs.map(([name, input]) => [normalisePath(name) ?? name, input]),
  );
  const ownSteps = stepsOfThread(steps, lastWorkingThread(steps));
  const changes = ownSteps.flatMap(({ payload }) =>
    payload.kind === "tool" && payload.files !== undefined ? Object.entries(payload.files) : [],
  );
  for (const [path, entry] of workspace === null ? changes : Object.entries(workspace)) {
    if (entry === null) files.delete(path);
    // In a settled manifest an entry may also say that the file is still the task's input.
    else if (entry.source === "blob") files.set(path, entry);
  }
  const storedFiles = new StoredFiles(env.OBJECTS, row.tenant, row.id);
  return {
    manifest: async () => workspace ?? describeFiles(storedFiles, files),
    read: async (path) => {
      const file = files.get(normalisePath(path) ?? path);
      if (file === undefined || (workspace !== null && !Object.hasOwn(workspace, path)))
        return null;
      return "source" in file ? storedFiles.readBlob(file.sha256) : storedFiles.readInput(file);
    },
  };
}

async function describeFiles(
  storedFiles: StoredFiles,
  files: ReadonlyMap<string, InputFile | FileEntry>,
): Promise<Manifest> {
  const manifest: Manifest = {};
  for (const path of [...files.keys()].sort()) {
    const file = files.get(path);
    if (file === undefined) continue;
    const entry = "source" in file ? file : await storedFiles.describeInput(file, null);
    if (entry !== null) manifest[path] = entry;
  }
  return manifest;
}
