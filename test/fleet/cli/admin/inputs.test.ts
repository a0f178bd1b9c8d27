import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { fakeFleet, fleet } from "../fake_fleet.ts";

function fileWith(text: string): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "inputs-"));
  onTestFinished(() => fs.rmSync(dir, { recursive: true }));
  const file = path.join(dir, "orders.csv");
  fs.writeFileSync(file, text);
  return file;
}

describe("`fleet inputs`", () => {
  test("list prints every page of the uploads", async () => {
    const input = (key: string) => ({ key, bytes: 4, uploaded_at: "2026-11-01T00:00:00.000Z" });
    const { url, received } = await fakeFleet({
      "GET /v1/inputs": [
        { body: { inputs: [input("2026/a.csv")], next_cursor: "2026/a.csv" } },
        { body: { inputs: [input("2026/b.csv")], next_cursor: null } },
      ],
    });
    const { code, out } = await fleet(["inputs", "list", "2026/", "--url", url]);
    expect(code).toBe(0);
    expect(out).toMatch(/2026\/a\.csv +4 B +2026-11-01[\s\S]*2026\/b\.csv/);
    const queries = received.map(({ path }) => new URL(path, url).search);
    expect(queries).toEqual(["?prefix=2026%2F", "?prefix=2026%2F&cursor=2026%2Fa.csv"]);
  });

  test.each([
    [["2026/orders.csv"], "2026/orders.csv"],
    [[], "orders.csv"],
  ])("put uploads a file, byte for byte, under the key %j", async (args, key) => {
    const body = { key, bytes: 4, sha256: "abc" };
    const { url, received } = await fakeFleet({ [`PUT /v1/inputs/${key}`]: { body } });
    const result = await fleet(["inputs", "put", fileWith("a,b\n"), ...args, "--url", url]);
    expect(result).toMatchObject({ code: 0, err: "" });
    expect(result.out).toContain(key);
    expect(received.map((each) => each.body)).toEqual(["a,b\n"]);
  });

  test("put of a missing file is a usage error, and sends nothing", async () => {
    const { url, received } = await fakeFleet({});
    expect((await fleet(["inputs", "put", "/no/such", "--url", url])).code).toBe(2);
    expect(received).toEqual([]);
  });

  test("delete prints the deleted key, and exits 5 for an unknown key", async () => {
    const { url } = await fakeFleet({
      "DELETE /v1/inputs/a/b.csv": { body: { key: "a/b.csv", deleted: true } },
    });
    expect(await fleet(["inputs", "delete", "a/b.csv", "--url", url])).toMatchObject({
      code: 0,
      out: "a/b.csv is deleted\n",
    });
    const none = await fleet(["inputs", "delete", "c.csv", "--url", url, "--json"]);
    expect(none.code).toBe(5);
    expect(JSON.parse(none.err)).toMatchObject({ error: { code: "not_found" } });
  });
});
