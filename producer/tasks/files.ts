/** The files of a task, live or settled: the same reader that its tools have, without a writer. */
import { type ManifestChange, Workspace } from "../../consumer/toolbox/workspace.ts";
import type { TaskRow } from "../../shared/store/task_row.ts";
import type { Manifest, Transcript } from "../../shared/transcript.ts";
import type { ProducerEnv } from "../env.ts";
import { readBody } from "./redrive.ts";

export interface TaskFiles {
  /** Where every file stands, by path. */
  manifest: () => Promise<Manifest>;
  /** A file's bytes, or null where there is none of this path. */
  read: (path: string) => Promise<Uint8Array | null>;
}

export async function openFiles(
  env: ProducerEnv,
  row: TaskRow,
  { steps, workspace: settled }: Transcript,
): Promise<TaskFiles> {
  const files = new Workspace(env.OBJECTS, row.tenant, row.id);
  const inputs = (await readBody(env, row))?.files ?? {};
  if (settled !== null) {
    files.layOut(inputs, [blobsOf(settled)]);
    return {
      manifest: async () => settled,
      read: async (path) => (Object.hasOwn(settled, path) ? files.read(path) : null),
    };
  }
  const changes = steps.flatMap(({ payload }) =>
    payload.kind === "tool" && payload.files !== undefined ? [payload.files] : [],
  );
  files.layOut(inputs, changes);
  return { manifest: () => files.manifest(), read: (path) => files.read(path) };
}

/** What stands in R2 under its hash; the other files are still the task's input. */
function blobsOf(manifest: Manifest): ManifestChange {
  return Object.fromEntries(
    Object.entries(manifest).filter(([, entry]) => entry.source === "blob"),
  );
}
