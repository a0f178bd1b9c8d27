import path from "node:path";
import { describe, expect, test } from "vitest";
import { filesBelow, root, text } from "../docs/page.ts";

/** What commands load only when they run: nothing loads it before a user does. */
const late = filesBelow("producer/cli", ".ts").flatMap((file) =>
  [...text(file).matchAll(/\bimport\("(\.[^"]+)"\)/g)].map(([, module = ""]) => ({
    command: path.basename(file, ".ts"),
    module: path.relative(root, path.resolve(root, path.dirname(file), module)),
  })),
);

describe("the command line runs in Node, so what it loads late needs nothing of the Workers' runtime", () => {
  test.each(late)("$module, of $command", async ({ module }) => {
    expect(Object.keys(await import(path.join(root, module)))).not.toEqual([]);
  });

  test("a replay is among it", () => {
    expect(late.map(({ module }) => module)).toContain("consumer/replay/replay.ts");
  });
});
