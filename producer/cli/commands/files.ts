import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { cannotWrite, mustBeWritable } from "../csv/results_file.ts";
import { type ExitCode, exit, required, wrongUsage } from "../exit.ts";
import { bytes } from "../output/format.ts";
import { printable } from "../output/printable.ts";
import { table } from "../output/table.ts";
import type { Bind } from "../program.ts";
import { kindOf, type Session } from "../session.ts";
import { emptyFolder, placeBelow, writeNew } from "../workspace_folder.ts";

export function addFiles(program: Command, bind: Bind): void {
  program
    .command("files <task> [path]")
    .description("the workspace that a task left: the list, one file, or all of it as a folder")
    .option(
      "-o, --output <file>",
      "write the file here, byte for byte; without a path, all files below this new folder",
    )
    .action(
      bind(async (session, id: string, path: string | undefined, options: { output?: string }) => {
        if (kindOf(id) !== "task") throw wrongUsage(`${id} is a batch: name one of its tasks`);
        const { write } = session.surroundings;
        if (path === undefined) {
          if (options.output !== undefined) return await saveAll(session, id, options.output);
          const files = required(await session.client()("GET /v1/tasks/:id/files", { id })).files;
          if (session.json) for (const file of files) session.emit(file);
          else if (files.length === 0) session.say("No files.");
          else {
            const rows = files.map((file) => [bytes(file.bytes), file.path]);
            write(`${table(["size", "path"], rows, session.surroundings)}\n`);
          }
          return exit.done;
        }
        if (options.output !== undefined) await mustBeWritable(options.output);
        const content = required(await session.client()("GET /v1/tasks/:id/files/*", { id, path }));
        if (options.output !== undefined) {
          const { output } = options;
          await writeFile(output, content).catch((error: unknown) => {
            throw cannotWrite(output, error);
          });
          session.say(`${bytes(content.byteLength)} in ${output}`);
        } else if (session.json) {
          session.emit({ path, text: new TextDecoder().decode(content) });
        } else {
          write(printable(new TextDecoder().decode(content)));
        }
        return exit.done;
      }),
    );
}

/** Every file, below a folder that is made for it. */
async function saveAll(session: Session, id: string, folder: string): Promise<ExitCode> {
  const client = session.client();
  const files = required(await client("GET /v1/tasks/:id/files", { id })).files;
  await emptyFolder(folder);
  let sum = 0;
  let left = 0;
  for (const { path } of files) {
    // Before it is asked for: an address with ".." in it would be another one.
    const file = placeBelow(folder, path);
    if (file === null) {
      left += 1;
      session.surroundings.warn(
        `left out ${printable(JSON.stringify(path))}: no path of a workspace\n`,
      );
      continue;
    }
    const content = required(await client("GET /v1/tasks/:id/files/*", { id, path }));
    await writeNew(file, content);
    sum += content.byteLength;
  }
  if (session.json) session.emit({ folder, files: files.length - left, bytes: sum });
  else session.say(`${files.length - left} files, ${bytes(sum)}, in ${folder}`);
  return left === 0 ? exit.done : exit.failed;
}
