import path from "node:path";
import { describe, expect, test } from "vitest";
import { filesBelow, root, text } from "../../docs/page.ts";

/** The modules that commands load only when they run, so no other test would load them. */
const late = filesBelow("producer/cli", ".ts").flatMap((file) =>
  [...text(file).matchAll(/\bimport\("(\.[^"]+)"\)/g)].map(([, module = ""]) => ({
    command: path.basename(file, ".ts"),
    module: path.relative(root, path.resolve(root, path.dirname(file), module)),
  })),
);

describe("the modules that the CLI loads late run in Node, without the Workers runtime", () => {
  test.each(late)("$module of $command can be imported", async ({ module }) => {
    expect(Object.keys(await import(path.join(root, module)))).not.toEqual([]);
  });

  test("the replay is one of them", () => {
    expect(late.map(({ module }) => module)).toContain("consumer/replay/replay.ts");
  });
});
