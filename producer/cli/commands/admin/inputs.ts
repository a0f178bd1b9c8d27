import path from "node:path";
import type { Command } from "commander";
import type { Bind } from "../../bind.ts";
import { exit, unwrap } from "../../exit.ts";
import { readBytes } from "../../input.ts";
import { bytes } from "../../output/format.ts";
import { table } from "../../output/table.ts";

export function addInputs(program: Command, bind: Bind): void {
  const inputs = program
    .command("inputs")
    .description(
      'uploads that tasks name as {"r2": "<key>"}; they are stored until you delete them',
    );
  inputs
    .command("list [prefix]")
    .description("list the uploads, or those whose key starts with a prefix")
    .action(
      bind(async (session, prefix: string | undefined) => {
        const rows: string[][] = [];
        for (let cursor: string | null = ""; cursor !== null; ) {
          const query: Record<string, string> = {
            ...(prefix && { prefix }),
            ...(cursor && { cursor }),
          };
          const page = unwrap(await session.client()("GET /v1/inputs", { query }));
          for (const input of page.inputs) {
            if (session.json) session.printJson(input);
            else rows.push([input.key, bytes(input.bytes), input.uploaded_at]);
          }
          cursor = page.next_cursor;
        }
        if (session.json) return exit.ok;
        if (rows.length === 0) session.print("No uploads.");
        else
          session.context.write(`${table(["key", "size", "uploaded"], rows, session.context)}\n`);
        return exit.ok;
      }),
    );
  inputs
    .command("put <file> [key]")
    .description("upload a file; the default key is its name")
    .action(
      bind(async (session, file: string, key: string | undefined) => {
        const body = await readBytes(file);
        const input = unwrap(
          await session.client()("PUT /v1/inputs/*", {
            path: key ?? path.basename(file),
            body,
            type: "application/octet-stream",
          }),
        );
        if (session.json) session.printJson(input);
        else session.print(`${bytes(input.bytes)} stored as ${input.key}`);
        return exit.ok;
      }),
    );
  inputs
    .command("delete <key>")
    .description("delete an upload immediately and permanently")
    .action(
      bind(async (session, key: string) => {
        const deletion = unwrap(await session.client()("DELETE /v1/inputs/*", { path: key }));
        if (session.json) session.printJson(deletion);
        else session.print(`${deletion.key} is deleted`);
        return exit.ok;
      }),
    );
}
