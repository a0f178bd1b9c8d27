import { describe, expect, test } from "vitest";
import { fakeFleet, fleet } from "../fake_fleet.ts";

const approval = (status: string) => ({
  ...{ id: "appr_1", task_id: "task_1", batch_id: null, tool: "send_email", status },
  ...{ arguments: { to: "a@example.com" }, arguments_hash: "h", last_steps: [] },
  ...{ on_timeout: "fail", deadline_at: "2026-12-01T10:00:00.000Z", note: null, problem: null },
  ...{ decided_by: null, decided_at: null, created_at: "2026-11-30T10:00:00.000Z" },
});

describe("`fleet approvals`", () => {
  test("lists the calls that wait, with their arguments and deadline", async () => {
    const { url, received } = await fakeFleet({
      "GET /v1/approvals": { body: { approvals: [approval("pending")], next_cursor: null } },
    });
    const result = await fleet(["approvals", "--tool", "send_email", "--url", url]);
    expect(result.out).toContain('{"to":"a@example.com"}');
    expect(result.out).toContain("2026-12-01T10:00 else fail");
    expect(received[0]?.path).toContain("tool=send_email");
  });

  test("approves one call, with the arguments of a file", async () => {
    const { url, received } = await fakeFleet({
      "POST /v1/approvals/appr_1": { body: approval("approved") },
    });
    const args = ["approve", "appr_1", "--edit", "-", "--url", url];
    const result = await fleet(args, { stdin: '{"to": "b@example.com"}' });
    expect(result).toMatchObject({ code: 0, out: "appr_1: approved; task_1 continues\n" });
    expect(JSON.parse(received[0]?.body ?? "")).toEqual({
      decision: "approve",
      arguments: { to: "b@example.com" },
    });
  });

  test("denies all calls that match, after a dry run", async () => {
    const { url, received } = await fakeFleet({
      "POST /v1/approvals": [
        { body: { matched: 3, decided: 0 } },
        { body: { matched: 3, decided: 3 } },
      ],
    });
    const args = ["deny", "--tool", "send_email", "--note", "Not today.", "--url", url];
    expect((await fleet([...args, "--dry-run"])).out).toBe("3 calls match\n");
    expect((await fleet(args)).out).toBe("3 calls of 3: denied\n");
    expect(JSON.parse(received[1]?.body ?? "")).toEqual({
      ...{ tool: "send_email", decision: "deny", note: "Not today." },
    });
  });

  test.each([
    ["no call and no filter", ["approve"], /name a call to approve/],
    ["a call and a filter", ["deny", "appr_1", "--tool", "x"], /not both/],
    ["an edit of many calls", ["approve", "--tool", "x", "--edit", "-"], /needs the id/],
  ])("%s is wrong usage", async (_, args, message) => {
    const result = await fleet([...args, "--url", "http://127.0.0.1:9"]);
    expect(result.code).toBe(2);
    expect(result.err).toMatch(message);
  });
});
