import { expect, test } from "vitest";
import type { EgressRow } from "../../../shared/store/egress/egress_log.ts";
import { errorOf, get, post, recordGateway, threeHosts } from "../recorded_gateway.ts";

const url = "https://open.example.com/";

test.each([
  ["GET", 0],
  ["HEAD", 0],
  ["POST", 1],
  ["PUT", 1],
  ["PATCH", 1],
  ["DELETE", 1],
  ["OPTIONS", 1],
])("%s calls beforeSend %i times", async (method, times) => {
  const rows: EgressRow[] = [];
  const { gateway } = recordGateway(threeHosts, () => new Response(null), {
    beforeSend: async (row) => {
      rows.push(row);
      return "go";
    },
  });
  await gateway.fetch({ ...get(url), method });
  expect(rows).toHaveLength(times);
});

test("beforeSend is called before the request is sent, with its row", async () => {
  const order: string[] = [];
  const { gateway } = recordGateway(
    threeHosts,
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
  ["returns stop", async () => "stop" as const],
  [
    "rejects",
    async () => {
      throw new Error("D1 is gone");
    },
  ],
])("a request is not sent when beforeSend %s", async (_, beforeSend) => {
  const { gateway, sent } = recordGateway(threeHosts, () => new Response(), { beforeSend });
  expect(errorOf(await gateway.fetch(post(url, "x"))).reason).toBe("stopped");
  expect(sent).toHaveLength(0);
  expect(gateway.drain()).toMatchObject([{ action: "deny", reason: "stopped", bytes_out: 0 }]);
});

test("beforeSend is not called for a denied request", async () => {
  let calls = 0;
  const { gateway } = recordGateway(threeHosts, () => new Response(), {
    beforeSend: async () => {
      calls += 1;
      return "go";
    },
  });
  await gateway.fetch(post("https://evil.example/", "x"));
  expect(calls).toBe(0);
});
