import { describe, expect, test } from "vitest";
import { fakeFleet, fleet, taskWith } from "./fake_fleet.ts";

const list = { "GET /v1/tasks": { body: { tasks: [], next_cursor: null } } };

describe("how the command line reaches a fleet", () => {
  test("a fleet on this machine is sent dev-key when no key is set", async () => {
    const { url, received } = await fakeFleet(list);
    expect(await fleet(["list"], { environment: { FLEET_URL: url } })).toMatchObject({ code: 0 });
    expect(received[0]?.headers.authorization).toBe("Bearer dev-key");
  });

  test("options win over the environment, before and behind the command", async () => {
    const { url, received } = await fakeFleet(list);
    const environment = { FLEET_URL: "http://127.0.0.1:1", FLEET_API_KEY: "from-env" };
    await fleet(["--url", url, "list", "--key", "from-option"], { environment });
    expect(received[0]?.headers.authorization).toBe("Bearer from-option");
  });

  const refused: [name: string, environment: Record<string, string>, told: string][] = [
    ["another machine without a key", { FLEET_URL: "https://fleet.example" }, "needs a key"],
    [
      "a key in the clear to another machine",
      { FLEET_URL: "http://fleet.example", FLEET_API_KEY: "k" },
      "use https",
    ],
    [
      "a name that only begins like this machine's",
      { FLEET_URL: "https://127.0.0.1.evil.example" },
      "needs a key",
    ],
    ["an address that is none", { FLEET_URL: "fleet" }, "must be an http or https address"],
    ["a key that no header can carry", { FLEET_API_KEY: "k\nx" }, "check FLEET_API_KEY"],
  ];
  test.each(refused)("refuses %s", async (_, environment, told) => {
    const ran = await fleet(["list"], { environment });
    expect(ran.code).toBe(2);
    expect(ran.err).toContain(told);
  });

  test("where nothing listens it says why, and to start the fleet", async () => {
    const ran = await fleet(["list", "--url", "http://127.0.0.1:1"]);
    expect(ran.code).toBe(1);
    expect(ran.err).toContain("no fleet answers at http://127.0.0.1:1 (bad port): start it with");
  });

  test("a wrong key exits 1 and says what to set", async () => {
    const error = { code: "unauthorized", message: "this key is not known" };
    const { url } = await fakeFleet({ "GET /v1/tasks": { status: 401, body: { error } } });
    const ran = await fleet(["list", "--url", url]);
    expect(ran).toMatchObject({ code: 1 });
    expect(ran.err).toContain("this key is not known (set --key or FLEET_API_KEY)");
  });

  test("a redirect is not followed: it could carry the key away", async () => {
    const other = await fakeFleet(list);
    const { url } = await fakeFleet({ "GET /v1/tasks": { status: 302, text: other.url } });
    expect(await fleet(["list", "--url", url])).toMatchObject({ code: 1 });
    expect(other.received).toEqual([]);
  });

  test("an answer that is no fleet's is told as such", async () => {
    const { url } = await fakeFleet({ "GET /v1/tasks": { text: "<html>" } });
    const ran = await fleet(["list", "--url", url]);
    expect(ran.code).toBe(1);
    expect(ran.err).toContain("this is no fleet");
  });

  test("an id of neither kind is wrong usage, and --json tells it as JSON", async () => {
    const ran = await fleet(["get", "42", "--json"]);
    expect(ran.code).toBe(2);
    expect(JSON.parse(ran.err).error.message).toContain("ids start with task_ or batch_");
  });

  test.each([["nothing"], ["submit"], ["redrive"], ["list", "--status", "late"]])(
    "wrong usage exits 2: fleet %s %s",
    async (...words) => {
      expect(await fleet(words.filter((word) => word !== undefined))).toMatchObject({
        code: 2,
        out: "",
      });
    },
  );

  test("help exits 0", async () => {
    const ran = await fleet(["--help"]);
    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.out).toContain("submit");
  });

  test("the path of an id cannot leave its place in the address", async () => {
    const { url, received } = await fakeFleet({
      "GET /v1/tasks/task_..%2F..%2Fhealthz": { body: taskWith({}) },
    });
    await fleet(["get", "task_../../healthz", "--url", url]);
    expect(received[0]?.path).toBe("/v1/tasks/task_..%2F..%2Fhealthz");
  });
});
