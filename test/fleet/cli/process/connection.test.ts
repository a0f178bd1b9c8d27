import { describe, expect, test } from "vitest";
import { fakeFleet, fleet, taskWith } from "../fake_fleet.ts";

const list = { "GET /v1/tasks": { body: { tasks: [], next_cursor: null } } };

describe("the connection to a fleet", () => {
  test("a fleet on this machine gets dev-key if no key is set", async () => {
    const { url, received } = await fakeFleet(list);
    expect(await fleet(["list"], { environment: { FLEET_URL: url } })).toMatchObject({ code: 0 });
    expect(received[0]?.headers.authorization).toBe("Bearer dev-key");
  });

  test("options override the environment, before and after the command", async () => {
    const { url, received } = await fakeFleet(list);
    const environment = { FLEET_URL: "http://127.0.0.1:1", FLEET_API_KEY: "from-env" };
    await fleet(["--url", url, "list", "--key", "from-option"], { environment });
    expect(received[0]?.headers.authorization).toBe("Bearer from-option");
  });

  const rejected: [name: string, environment: Record<string, string>, message: string][] = [
    ["another machine without a key", { FLEET_URL: "https://fleet.example" }, "needs a key"],
    [
      "an unencrypted connection to another machine",
      { FLEET_URL: "http://fleet.example", FLEET_API_KEY: "k" },
      "use https",
    ],
    [
      "a host name that only starts like this machine's",
      { FLEET_URL: "https://127.0.0.1.evil.example" },
      "needs a key",
    ],
    ["an invalid address", { FLEET_URL: "fleet" }, "must be an http or https address"],
    [
      "a key with characters that no header allows",
      { FLEET_API_KEY: "k\nx" },
      "check FLEET_API_KEY",
    ],
  ];
  test.each(rejected)("%s is a usage error", async (_, environment, message) => {
    const result = await fleet(["list"], { environment });
    expect(result.code).toBe(2);
    expect(result.err).toContain(message);
  });

  test("if nothing listens, the error has the reason and says how to start the fleet", async () => {
    const result = await fleet(["list", "--url", "http://127.0.0.1:1"]);
    expect(result.code).toBe(3);
    expect(result.err).toContain(
      "cannot reach a fleet at http://127.0.0.1:1 (bad port): start the fleet with",
    );
  });

  test("a wrong key exits 4, and the error says what to set", async () => {
    const error = { code: "unauthorized", message: "this key is not known" };
    const { url } = await fakeFleet({ "GET /v1/tasks": { status: 401, body: { error } } });
    const result = await fleet(["list", "--url", url]);
    expect(result).toMatchObject({ code: 4 });
    expect(result.err).toContain("this key is not known (set --key or FLEET_API_KEY)");
  });

  test("a redirect is not followed, because it could send the key to another host", async () => {
    const other = await fakeFleet(list);
    const { url } = await fakeFleet({ "GET /v1/tasks": { status: 302, text: other.url } });
    expect(await fleet(["list", "--url", url])).toMatchObject({ code: 3 });
    expect(other.received).toEqual([]);
  });

  test("a response of another service is an error", async () => {
    const { url } = await fakeFleet({ "GET /v1/tasks": { text: "<html>" } });
    const result = await fleet(["list", "--url", url]);
    expect(result.code).toBe(3);
    expect(result.err).toContain("it is not a Flotilla fleet");
  });

  test("an id of neither kind is a usage error, which `--json` prints as JSON", async () => {
    const result = await fleet(["get", "42", "--json"]);
    expect(result.code).toBe(2);
    expect(JSON.parse(result.err).error.message).toContain("ids start with task_ or batch_");
  });

  test.each([["nothing"], ["submit"], ["redrive"], ["list", "--status", "late"]])(
    "fleet %s %s is a usage error and exits 2",
    async (...args) => {
      expect(await fleet(args.filter((word) => word !== undefined))).toMatchObject({
        code: 2,
        out: "",
      });
    },
  );

  test("help exits 0", async () => {
    const result = await fleet(["--help"]);
    expect(result).toMatchObject({ code: 0, err: "" });
    expect(result.out).toContain("submit");
  });

  test("an id is escaped in the path", async () => {
    const { url, received } = await fakeFleet({
      "GET /v1/tasks/task_..%2F..%2Fhealthz": { body: taskWith({}) },
    });
    await fleet(["get", "task_../../healthz", "--url", url]);
    expect(received[0]?.path).toBe("/v1/tasks/task_..%2F..%2Fhealthz");
  });
});
