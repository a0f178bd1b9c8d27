import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fleet } from "../fake_fleet.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "fleet-policy-"));
afterAll(() => rmSync(folder, { recursive: true }));
const requests = [
  { method: "GET", url: "https://orders.example/v1/orders", headers: {} },
  { method: "GET", url: "https://evil.example/", headers: {} },
];
const stdin = requests.map((request) => `${JSON.stringify(request)}\n`).join("");
const actions = (out: string) =>
  out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).action);

describe("`fleet policy`", () => {
  test("decides each request with a named policy, in order, without a fleet or a key", async () => {
    const result = await fleet(["policy", "decide", "--policy", "demo"], { stdin });
    expect(result).toMatchObject({ code: 0, err: "" });
    expect(actions(result.out)).toEqual(["inject", "deny"]);
  });

  test("denies every request of an invalid policy, with the reason on stderr", async () => {
    const file = path.join(folder, "broken.json");
    writeFileSync(file, '{"rules": [{"host": "*.com"}]}');
    const result = await fleet(["policy", "decide", "--policy", file], { stdin });
    expect(actions(result.out)).toEqual(["deny", "deny"]);
    expect(result.err).toContain("policy:");
  });

  test("denies every request of a missing policy, and exits 2", async () => {
    const result = await fleet(["policy", "decide", "--policy", "nope"], { stdin });
    const denial = '{"action":"deny","rule":null,"reason":"unknown_policy"}\n';
    expect(result.out).toBe(denial.repeat(2));
    expect(result.code).toBe(2);
    expect(result.err).toBe(
      'policy: there is no policy file or policy "nope", so every request is denied\n',
    );
  });

  test("explains the exit codes of invalid and missing policies in the help of decide", async () => {
    const { out } = await fleet(["policy", "decide", "--help"]);
    expect(out.replace(/\s+/g, " ")).toContain("An invalid policy denies every request");
    expect(out.replace(/\s+/g, " ")).toContain("so it exits 0.");
    expect(out.replace(/\s+/g, " ")).toContain("also denies every request, and exits 2");
  });

  test("prints one object per file with `fleet policy check --json`", async () => {
    const file = path.join(folder, "both.json");
    writeFileSync(file, '{"rules": [{"hots": "a.example"}]}');
    const demo = path.resolve("policies/demo.json");
    const result = await fleet(["policy", "check", demo, file, "--json"]);
    expect(result.code).toBe(1);
    const [good, bad] = result.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(good).toEqual({
      file: demo,
      ok: true,
      rules: expect.any(Number),
      warnings: [],
      secrets: [{ name: "ORDERS_TOKEN", set: false }],
    });
    expect(bad).toMatchObject({ file, ok: false, refusals: [{ path: "rules[0].host" }, {}] });
  });

  test("finds policies by name in FLEET_POLICY_DIR", async () => {
    writeFileSync(path.join(folder, "own.json"), '{"rules": [{"host": "evil.example"}]}');
    const environment = { FLEET_POLICY_DIR: folder };
    const result = await fleet(["policy", "decide", "--policy", "own"], { stdin, environment });
    expect(actions(result.out)).toEqual(["deny", "allow"]);
  });

  test("exits 0 for a valid file and 1 for an invalid one with check", async () => {
    const demo = path.resolve("policies/demo.json");
    expect(await fleet(["policy", "check", demo])).toMatchObject({ code: 0 });
    const broken = path.join(folder, "broken2.json");
    writeFileSync(broken, "{}");
    expect(await fleet(["policy", "check", demo, broken])).toMatchObject({ code: 1 });
  });
});
