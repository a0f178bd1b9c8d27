import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { exit, required, wrongUsage } from "../exit.ts";
import { bytes } from "../figures.ts";
import { printable } from "../printable.ts";
import type { Bind } from "../program.ts";
import { cannotWrite, mustBeWritable } from "../results-file.ts";
import { kindOf } from "../session.ts";
import { table } from "../table.ts";

export function addFiles(program: Command, bind: Bind): void {
  program
    .command("files <task> [path]")
    .description("the workspace that a task left: the list, or one file")
    .option("-o, --output <file>", "write the file here, byte for byte")
    .action(
      bind(async (session, id: string, path: string | undefined, options: { output?: string }) => {
        if (kindOf(id) !== "task") throw wrongUsage(`${id} is a batch: name one of its tasks`);
        const { interactive, columns, write } = session.surroundings;
        if (path === undefined) {
          if (options.output !== undefined)
            throw wrongUsage("-o needs a path: fleet files <task> <path> -o <file>");
          const files = required(await session.client().files(id));
          if (session.json) for (const file of files) session.emit(file);
          else if (files.length === 0) session.say("No files.");
          else {
            const rows = files.map((file) => [bytes(file.bytes), file.path]);
            write(`${table(["size", "path"], rows, { coloured: interactive, columns })}\n`);
          }
          return exit.done;
        }
        if (options.output !== undefined) await mustBeWritable(options.output);
        const content = required(await session.client().file(id, path));
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
