import { expect, test } from "vitest";
import type { EgressRow } from "../../shared/store/egress_log.ts";
import { errorOf, get, post, recorded, twoHosts } from "./recorded_gateway.ts";

const url = "https://open.example.com/";

test.each([
  ["GET", 0],
  ["HEAD", 0],
  ["POST", 1],
  ["PUT", 1],
  ["PATCH", 1],
  ["DELETE", 1],
  ["OPTIONS", 1],
])("%s asks %i times", async (method, times) => {
  const asked: EgressRow[] = [];
  const { gateway } = recorded(twoHosts, () => new Response(null), {
    beforeSend: async (row) => {
      asked.push(row);
      return "go";
    },
  });
  await gateway.fetch({ ...get(url), method });
  expect(asked).toHaveLength(times);
});

test("it is asked before anything is sent, with the row as it will be stored", async () => {
  const order: string[] = [];
  const { gateway } = recorded(
    twoHosts,
    () => {
      order.push("sent");
      return new Response();
    },
    {
      beforeSend: async (row) => {
        order.push(`${row.n} ${row.method} ${row.host} ${row.action} ${row.status}`);
        return "go";
      },
    },
  );
  await gateway.fetch(post(url, "x"));
  expect(order).toEqual(["1 POST open.example.com allow null", "sent"]);
});

test.each([
  ["says stop", async () => "stop" as const],
  [
    "rejects",
    async () => {
      throw new Error("D1 is gone");
    },
  ],
])("where it %s nothing is sent", async (_, beforeSend) => {
  const { gateway, sent } = recorded(twoHosts, () => new Response(), { beforeSend });
  expect(errorOf(await gateway.fetch(post(url, "x"))).reason).toBe("stopped");
  expect(sent).toHaveLength(0);
  expect(gateway.drain()).toMatchObject([{ action: "deny", reason: "stopped", bytes_out: 0 }]);
});

test("a denied request is not asked about", async () => {
  let asked = 0;
  const { gateway } = recorded(twoHosts, () => new Response(), {
    beforeSend: async () => {
      asked += 1;
      return "go";
    },
  });
  await gateway.fetch(post("https://evil.example/", "x"));
  expect(asked).toBe(0);
});
