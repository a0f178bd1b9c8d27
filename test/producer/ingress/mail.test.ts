import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { TaskRow } from "../../../shared/store/tasks/task_row.ts";
import { task, testFleet } from "../client.ts";
import { address, type Mail, mailboxes, sendMail } from "./mail_message.ts";

const mailFleet = () => testFleet({ FLEET_MAILBOXES: mailboxes });

async function rows(): Promise<TaskRow[]> {
  const { results } = await env.DB.prepare("SELECT * FROM tasks ORDER BY id").all<TaskRow>();
  return results;
}

beforeEach(async () => {
  await env.DB.prepare("DELETE FROM tasks").run();
});

describe("mail", () => {
  it("a mail gives one task with its attachments, however often it is delivered", async () => {
    const fleet = mailFleet();
    expect(await sendMail(fleet.env)).toBeNull();
    expect(await sendMail(fleet.env)).toBeNull();
    const taskRows = await rows();
    expect(taskRows).toHaveLength(1);
    const { files } = JSON.parse(taskRows[0]?.spec ?? "{}") as {
      files: Record<string, { r2: string }>;
    };
    expect(Object.keys(files)).toEqual(["attachments/_sales_1.csv"]);
    const key = files["attachments/_sales_1.csv"]?.r2;
    expect(await (await env.OBJECTS.get(`inputs/default/${key}`))?.text()).toBe("a,b\n1,2\n");
    expect(await sendMail(fleet.env, { id: "2@acme" })).toBeNull();
    expect(await rows()).toHaveLength(2);
  });

  it.each<[string, Mail, RegExp]>([
    ["an unknown sender", { from: "eve@evil.example" }, /may not submit/],
    ["an unknown sender in an allowed envelope", { header: "eve@evil.example" }, /may not submit/],
    ["a domain with the same ending", { from: "eve@notacme.example" }, /may not submit/],
    ["an unknown address", { to: "info@fleet.example" }, /does not accept tasks/],
    ["a mail that is too large", { bytes: 10_000_001 }, /the maximum is 10000000/],
    ["no subject for the prompt", { subject: "" }, /prompt/],
  ])("mail with %s is rejected with the reason", async (_name, mail, reason) => {
    const fleet = mailFleet();
    expect(await sendMail(fleet.env, mail)).toMatch(reason);
    expect(await rows()).toEqual([]);
  });

  describe("mail to a mailbox that replies", () => {
    const replying = JSON.stringify({
      [address]: {
        from: ["*@acme.example", address],
        template: { ...task(), prompt: "{{item.subject}}" },
        answer: true,
      },
    });
    const received = async (mail: Mail) => {
      const fleet = testFleet({ FLEET_MAILBOXES: replying });
      expect(await sendMail(fleet.env, mail)).toBeNull();
      return (await rows()).map(({ answer_to: to }) => (to === null ? null : JSON.parse(to)));
    };

    it("the task's row has the address to reply to, with valid header values only", async () => {
      const references = ["References: <a@x> junk <b@x>", "\t<c d@x> <e@x>"];
      expect(await received({ subject: "Say\tyes.", headers: references })).toEqual([
        {
          mailbox: address,
          to: "ann@acme.example",
          subject: "Say yes.",
          message_id: "<1@acme>",
          references: ["<a@x>", "<b@x>", "<e@x>"],
        },
      ]);
    });

    it.each<[string, Mail]>([
      ["from a program", { headers: ["Auto-Submitted: auto-generated"] }],
      ["from a list", { headers: ["List-Id: <all.acme.example>"] }],
      ["in bulk", { headers: ["Precedence: bulk"] }],
      [
        "that asks for no automatic reply",
        { headers: ["X-Auto-Response-Suppress: DR, AutoReply"] },
      ],
      ["from a mailer-daemon", { from: "MAILER-DAEMON@acme.example" }],
      ["from a no-reply address", { from: "no-reply+7@acme.example" }],
      ["from the mailbox itself", { from: address }],
    ])("mail %s gives a task without a reply", async (_name, mail) => {
      expect(await received(mail)).toEqual([null]);
    });

    it.each<[string, string]>([
      ["an absence notice", "Auto-Submitted: auto-replied (vacation)"],
      ["an absence notice with an older header", "Precedence: auto_reply"],
    ])("%s gives no task and is not rejected", async (_name, header) => {
      expect(await received({ headers: [header] })).toEqual([]);
    });

    it("mail with Auto-Submitted: no gets a reply", async () => {
      expect(await received({ headers: ["Auto-Submitted: no"] })).toMatchObject([
        { to: "ann@acme.example" },
      ]);
    });
  });

  it("mail to a mailbox without answer gets no reply", async () => {
    const fleet = mailFleet();
    await sendMail(fleet.env);
    expect(await rows()).toMatchObject([{ answer_to: null }]);
  });
});
