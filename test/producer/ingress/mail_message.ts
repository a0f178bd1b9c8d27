/** Mail as the platform delivers it to the producer. */
import type { ProducerEnv } from "../../../producer/env.ts";
import producer from "../../../producer/index.ts";
import { task } from "../client.ts";

export const address = "tasks@fleet.example";
export const mailboxes = JSON.stringify({
  [address]: { from: ["*@acme.example"], template: { ...task(), prompt: "{{item.subject}}" } },
});

/** `header` is the From header; without it, `from` of the envelope. */
export interface Mail {
  headers?: string[];
  from?: string;
  header?: string;
  to?: string;
  subject?: string;
  id?: string;
  bytes?: number;
}

const mimeOf = ({
  header,
  from = "ann@acme.example",
  subject = "Say yes.",
  id = "1@acme",
  headers = [],
}: Mail) =>
  [
    `From: Ann <${header ?? from}>`,
    `Subject: ${subject}`,
    `Message-ID: <${id}>`,
    ...headers,
    "MIME-Version: 1.0",
    'Content-Type: multipart/mixed; boundary="b"',
    "",
    "--b",
    "Content-Type: text/plain",
    "",
    "Please.",
    "--b",
    'Content-Type: text/csv; name="../sales 1.csv"',
    'Content-Disposition: attachment; filename="../sales 1.csv"',
    "Content-Transfer-Encoding: base64",
    "",
    btoa("a,b\n1,2\n"),
    "--b--",
    "",
  ].join("\r\n");

/** Delivers one mail. Returns why it was rejected, or null. */
export async function sendMail(env: ProducerEnv, mail: Mail = {}): Promise<string | null> {
  let rejected: string | null = null;
  const raw = mimeOf(mail);
  const message = {
    from: mail.from ?? "ann@acme.example",
    to: mail.to ?? address,
    raw: new Blob([raw]).stream(),
    rawSize: mail.bytes ?? raw.length,
    setReject: (reason: string) => {
      rejected = reason;
    },
  };
  await producer.email(message as unknown as ForwardableEmailMessage, env);
  return rejected;
}
