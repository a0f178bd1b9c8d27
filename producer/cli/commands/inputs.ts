import path from "node:path";
import type { Command } from "commander";
import { exit, required } from "../exit.ts";
import { fileBytes } from "../input.ts";
import { bytes } from "../output/format.ts";
import type { Bind } from "../program.ts";

export function addInputs(program: Command, bind: Bind): void {
  const inputs = program
    .command("inputs")
    .description('uploads that tasks name as {"r2": "<key>"}; they stay until you delete them');
  inputs
    .command("put <file> [key]")
    .description("upload a file; without a key under its own name")
    .action(
      bind(async (session, file: string, key: string | undefined) => {
        const content = await fileBytes(file);
        const stored = required(
          await session.client()("PUT /v1/inputs/*", {
            path: key ?? path.basename(file),
            body: content,
            type: "application/octet-stream",
          }),
        );
        if (session.json) session.emit(stored);
        else session.say(`${bytes(stored.bytes)} under ${stored.key}`);
        return exit.done;
      }),
    );
  inputs
    .command("delete <key>")
    .description("delete an upload, at once and for good")
    .action(
      bind(async (session, key: string) => {
        const deleted = required(await session.client()("DELETE /v1/inputs/*", { path: key }));
        if (session.json) session.emit(deleted);
        else session.say(`${deleted.key} is deleted`);
        return exit.done;
      }),
    );
}
