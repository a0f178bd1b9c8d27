import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import type { CallError } from "../../../client/index.ts";
import type { Bind } from "../../bind.ts";
import { cannotWrite, mustBeWritable } from "../../csv/results_file.ts";
import { type ExitCode, exit, unwrap } from "../../exit.ts";
import { bytes, countText } from "../../output/format.ts";
import { printable } from "../../output/printable.ts";
import { table } from "../../output/table.ts";
import { type Session, taskId } from "../../session.ts";
import { createFolder, localPath, writeNewFile } from "./workspace_folder.ts";

export function addFiles(program: Command, bind: Bind): void {
  program
    .command("files <task> [path]")
    .description("list the workspace of a task, print one file of it, or save it as a folder")
    .option(
      "-o, --output <file>",
      "write the file here, byte for byte; without a path, save all files in this new folder",
    )
    .action(
      bind(async (session, task: string, path: string | undefined, { output }: Options) => {
        const id = taskId(task);
        if (path !== undefined) return await getFile(session, id, path, output);
        return output === undefined ? await listFiles(session, id) : saveAll(session, id, output);
      }),
    );
}

interface Options {
  output?: string;
}

async function listFiles(session: Session, id: string): Promise<ExitCode> {
  const { files } = unwrap(await session.client()("GET /v1/tasks/:id/files", { id }));
  if (session.json) for (const file of files) session.printJson(file);
  else if (files.length === 0) session.print("No files.");
  else {
    const rows = files.map((file) => [bytes(file.bytes), file.path]);
    session.context.write(`${table(["size", "path"], rows, session.context)}\n`);
  }
  return exit.ok;
}

async function getFile(
  session: Session,
  id: string,
  path: string,
  output: string | undefined,
): Promise<ExitCode> {
  if (output !== undefined) await mustBeWritable(output);
  const result = await session.client()("GET /v1/tasks/:id/files/*", { id, path });
  const content = unwrap(
    result.ok ? result : { ...result, error: withOwnCommand(result.error, id) },
  );
  if (output !== undefined) {
    await writeFile(output, content).catch((error: unknown) => {
      throw cannotWrite(output, error);
    });
    session.print(`${bytes(content.byteLength)} in ${output}`);
    return exit.ok;
  }
  const text = new TextDecoder().decode(content);
  if (session.json) session.printJson({ path, text });
  else session.context.write(printable(text));
  return exit.ok;
}

/** The API names its own call for the list of files. */
const withOwnCommand = (error: CallError, id: string): CallError => ({
  ...error,
  message: error.message.replace(/: see GET \S+$/, `: list its files with fleet files ${id}`),
});

/** Saves every file in a new folder. */
async function saveAll(session: Session, id: string, folder: string): Promise<ExitCode> {
  const client = session.client();
  const { files } = unwrap(await client("GET /v1/tasks/:id/files", { id }));
  await createFolder(folder);
  let total = 0;
  let skippedCount = 0;
  for (const { path } of files) {
    // Checked before the call: a path with ".." would change the URL.
    const file = localPath(folder, path);
    if (file === null) {
      skippedCount += 1;
      session.context.warn(
        `skipped ${printable(JSON.stringify(path))}: not a valid workspace path\n`,
      );
      continue;
    }
    const content = unwrap(await client("GET /v1/tasks/:id/files/*", { id, path }));
    await writeNewFile(file, content);
    total += content.byteLength;
  }
  const savedCount = files.length - skippedCount;
  if (session.json) session.printJson({ folder, files: savedCount, bytes: total });
  else session.print(`${countText(savedCount, "file")}, ${bytes(total)}, in ${folder}`);
  return skippedCount === 0 ? exit.ok : exit.failed;
}
