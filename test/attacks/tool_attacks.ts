/** What a model's tools read: files, programs, SQL, pages, MCP servers, skills, mail and upstreams. */

import { maskUrl } from "../../consumer/egress/logged_url.ts";
import { nextHop } from "../../consumer/egress/redirects.ts";
import { Scrubber } from "../../consumer/egress/scrub.ts";
import { promptLine } from "../../consumer/mcp/prompt_line.ts";
import { remoteTools } from "../../consumer/mcp/remote_tools.ts";
import { resultOf } from "../../consumer/mcp/result.ts";
import { transform } from "../../consumer/sandbox/interpreter/transform/transform.ts";
import { parseFrontMatter } from "../../consumer/skills/front_matter.ts";
import { decodeText } from "../../consumer/tools/standard/charset.ts";
import { replaceOnce } from "../../consumer/tools/standard/replacement.ts";
import { readRange, textOf } from "../../consumer/tools/standard/text_file.ts";
import { checkSelect } from "../../consumer/tools/with_bindings/select.ts";
import { compile, decide } from "../../policies/decide.ts";
import { readMail } from "../../producer/ingress/mail_parts.ts";
import { isAllowedSender, safeFileNames } from "../../producer/ingress/mailbox.ts";
import { sandboxLimits, workspaceLimits } from "../../shared/limits.ts";
import { oneLine } from "../../shared/text/one_line.ts";
import { type Attack, chunksOf, filled, names, streamOf } from "./attack.ts";

const fileChars = workspaceLimits.fileBytesMax;
const encoder = new TextEncoder();

const edit = (input: string, make: () => [text: string, old: string]): Attack => ({
  place: "consumer/tools/standard/replacement.ts",
  input,
  prepare: () => {
    const [text, old] = make();
    return () => replaceOnce(text, old, "b");
  },
});
const program = (input: string, make: () => string): Attack => ({
  place: "consumer/sandbox/interpreter/transform/",
  input,
  prepare: () => {
    const code = make();
    return () => transform(code);
  },
});
const sql = (input: string, make: () => string): Attack => ({
  place: "consumer/tools/with_bindings/select.ts",
  input,
  prepare: () => {
    const text = make();
    return () => checkSelect(text);
  },
});
const mail = (input: string, make: () => string): Attack => ({
  place: "producer/ingress/mail_parts.ts",
  input,
  prepare: () => {
    const text = make();
    const chunks = chunksOf(text);
    return () => readMail(streamOf(chunks), text.length);
  },
});
const yaml = (input: string, make: () => string): Attack => ({
  place: "consumer/skills/front_matter.ts",
  input,
  prepare: () => {
    const text = make();
    return () => parseFrontMatter(`---\n${text}\n---\n`);
  },
});
const policy = compile({
  version: 1,
  description: "",
  default: "deny",
  rules: [{ host: "*.example.com", path: "/v1", methods: ["GET"] }],
} as never);
const url = (input: string, make: () => string): Attack => ({
  place: "policies/decide.ts",
  input,
  prepare: () => {
    const text = make();
    return () => {
      const decision = decide(policy, { url: text, method: "GET", headers: [] });
      return maskUrl(decision.url, text, new Scrubber([]));
    };
  },
});
const secret = "sk_live_9f.AbC+d/Q=77xyz";
const scrub = (input: string, make: () => string): Attack => ({
  place: "consumer/egress/scrub.ts",
  input,
  prepare: () => {
    const bytes = encoder.encode(make());
    return () => {
      const stream = new Scrubber([secret]).createStream();
      for (let from = 0; from < bytes.byteLength; from += 65_536)
        stream.push(bytes.subarray(from, from + 65_536));
      return stream.flush();
    };
  },
});
const responseChars = 10_000_000;
const parts = (part: string, chars: number) =>
  `From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n${filled(part, chars)}--x--\r\n`;
const server = { url: "https://mcp.example" } as never;

export const toolAttacks: readonly Attack[] = [
  edit("overlapping places: 8 MB and 500 KB", () => [filled("a", fileChars), filled("a", 500_000)]),
  edit("8 MB in which the text is not found", () => [filled("ab ", fileChars), "zzz"]),
  edit("8 MB of spaces before the place", () => [
    `${filled(" ", fileChars - 20)}x\nfoo  bar`,
    "foo bar",
  ]),
  edit("8 MB of line breaks", () => [filled("\n", fileChars), "a\n\nb"]),
  program("256 KB that declare 44,000 names", () =>
    `let ${names(44_000)}`.slice(0, sandboxLimits.codeBytesMax),
  ),
  program("256 KB of statements", () => filled("a;", sandboxLimits.codeBytesMax)),
  program("256 KB of opening brackets", () => filled("[", sandboxLimits.codeBytesMax)),
  program("256 KB of templates", () => filled("`${", sandboxLimits.codeBytesMax)),
  program("256 KB of arrow functions", () => filled("(a=>", sandboxLimits.codeBytesMax)),
  program("256 KB of regular expressions", () => filled("/a/;", sandboxLimits.codeBytesMax)),
  sql("20,000 opening brackets", () => `select ${filled("[", 19_990)}`),
  sql("20,000 quotes", () => `select ${filled("'\"", 19_990)}`),
  sql("20,000 words", () => `select ${filled("a ", 19_990)}`),
  mail("10 MB of empty parts", () => parts("--x\r\n\r\n\r\n", 9_900_000)),
  mail("4,900 parts with an attachment", () =>
    parts('--x\r\nContent-Disposition: attachment; filename="a"\r\n\r\na\r\n', 290_000),
  ),
  mail("10 MB of attachments", () =>
    parts('--x\r\nContent-Disposition: attachment; filename="a"\r\n\r\na\r\n', 9_900_000),
  ),
  mail("10 MB of line breaks", () => `Content-Type: text/plain\r\n\r\n${filled("\n", 9_900_000)}`),
  mail(
    "1.5 MB in 20,000 lines",
    () => `Content-Type: text/plain\r\n\r\n${filled(`${filled("a ", 74)}\r\n`, 1_500_000)}`,
  ),
  mail(
    "10 MB in 130,000 lines",
    () => `Content-Type: text/plain\r\n\r\n${filled(`${filled("a ", 74)}\r\n`, 9_800_000)}`,
  ),
  mail("10 MB of base64 in 130,000 lines", () =>
    parts(
      `--x\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n${filled(`${filled("QUFB", 76)}\r\n`, 9_800_000)}`,
      1,
    ),
  ),
  mail("20 MB", () => filled("a", 20_000_000)),
  mail(
    "10 MB of HTML of opening tags",
    () => `Content-Type: text/html\r\n\r\n${filled("<", 9_900_000)}`,
  ),
  mail(
    "10 MB of HTML of entities",
    () => `Content-Type: text/html\r\n\r\n${filled("&amp;<br>", 9_900_000)}`,
  ),
  mail("10 MB of one base64 attachment", () =>
    parts(
      `--x\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n${filled("QUFB", 9_900_000)}\r\n`,
      1,
    ),
  ),
  mail(
    "10 MB of quoted-printable",
    () =>
      `Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${filled(`${filled("=41", 72)}=\r\n`, 9_900_000)}`,
  ),
  mail(
    "250 KB of encoded words in the subject",
    () => `Subject: ${filled("=?utf-8?Q?=41?= ", 250_000)}\r\n\r\na`,
  ),
  mail("250 KB of addresses", () => `From: ${filled("a <a@b.c>, ", 250_000)}\r\n\r\na`),
  mail("250 KB of groups of addresses", () => `To: ${filled("a:(b<", 250_000)}\r\n\r\na`),
  mail(
    "250 KB of header parameters",
    () => `Content-Type: text/plain; ${filled("a*0*=b; ", 250_000)}\r\n\r\na`,
  ),
  mail("parts nested in each other", () =>
    Array.from(
      { length: 5_000 },
      (_, at) => `Content-Type: multipart/mixed; boundary=b${at}\r\n\r\n--b${at}\r\n`,
    ).join(""),
  ),
  {
    place: "producer/ingress/mailbox.ts",
    input: "50 attachments with names of 250 KB",
    prepare: () => {
      const list = Array(50).fill(filled("../", 250_000));
      return () => safeFileNames(list);
    },
  },
  {
    place: "producer/ingress/mailbox.ts",
    input: "a sender of 250 KB",
    prepare: () => () =>
      isAllowedSender({ from: ["*@a.example"], template: {} }, filled("@", 250_000)),
  },
  yaml("8,000 opening brackets", () => filled("[", 7_900)),
  yaml("8,000 characters of nested keys", () => filled("? ", 7_900)),
  yaml(
    "aliases of aliases",
    () => `a: &a [x,x]\n${Array.from({ length: 300 }, (_, at) => `k${at}: [*a,*a]`).join("\n")}`,
  ),
  yaml("8,000 characters of one key", () => filled("a: b\n", 7_900)),
  yaml("20 MB of description", () => `name: a\ndescription: ${filled("a", 20_000_000)}`),
  url(
    "a host of 500,000 characters in another script",
    () => `https://${filled("中", 500_000)}.example.com/v1`,
  ),
  url("a path of 20 MB", () => `https://a.example.com/v1/${filled("%c0", 20_000_000)}`),
  url("a query of 20 MB", () => `https://a.example.com/v1?${filled("a=b&", 20_000_000)}`),
  url("a path of 10 MB of dots", () => `https://a.example.com/${filled("../", 10_000_000)}`),
  {
    place: "consumer/egress/redirects.ts",
    input: "a redirect to an address of 100 KB in another script",
    prepare: () => {
      const response = {
        url: "https://a.example",
        status: 302,
        headers: [["location", `//${filled("中", 100_000)}/`]],
        body: new Uint8Array(),
      };
      const from = { url: "https://a.example", method: "GET", headers: [], body: null };
      return () => nextHop(from, response as never);
    },
  },
  scrub("10 MB of starts of the secret", () => filled("sk_live_9f.AbC+d", responseChars)),
  scrub("10 MB of the secret", () => filled(secret, responseChars)),
  scrub("10 MB of entities", () => filled("&#115;&lowbar;", responseChars)),
  scrub("10 MB of hexadecimal with separators", () => filled("73:6b:5f:6c:", responseChars)),
  scrub("10 MB of base64 with line breaks", () => filled("c2tfbGl2ZV85\n  ", responseChars)),
  scrub("10 MB of quoted-printable", () => filled("sk_live_9f.A=\n", responseChars)),
  {
    place: "consumer/mcp/remote_tools.ts",
    input: "500 tools with names that collide",
    prepare: () => {
      const list = Array.from({ length: 500 }, (_, at) => ({
        name: `a${"-".repeat(at % 200)}${"_".repeat(at)}`.slice(0, 250),
        description: filled("<|", 100_000),
      }));
      return () => remoteTools("s", server, list);
    },
  },
  {
    place: "consumer/mcp/remote_tools.ts",
    input: "500 tools with schemas of 20 KB",
    prepare: () => {
      const list = Array.from({ length: 500 }, (_, at) => ({
        name: `t${at}`,
        inputSchema: {
          type: "object",
          properties: Object.fromEntries(Array.from({ length: 900 }, (_x, n) => [`p${n}`, {}])),
        },
      }));
      return () => remoteTools("s", server, list);
    },
  },
  {
    place: "consumer/mcp/result.ts",
    input: "a result of 10 MB in 1,000,000 parts",
    prepare: () => {
      const content = Array(1_000_000).fill({ type: "text", text: "a" });
      return () => resultOf({ content });
    },
  },
  {
    place: "consumer/mcp/prompt_line.ts",
    input: "20 MB of chat tokens",
    prepare: () => {
      const text = filled("<|", 20_000_000);
      return () => promptLine(text, 1_000);
    },
  },
  {
    place: "shared/text/one_line.ts",
    input: "20 MB on one line",
    prepare: () => {
      const text = filled("a ", 20_000_000);
      return () => oneLine(text, 200);
    },
  },
  {
    place: "consumer/tools/standard/charset.ts",
    input: "a page of 10 MB of <meta",
    prepare: () => {
      const page = encoder.encode(filled("<meta ", responseChars));
      return () => decodeText(page, `text/html; ${filled("charset ", 100_000)}`);
    },
  },
  {
    place: "consumer/tools/standard/text_file.ts",
    input: "a file of 8 MB of line breaks",
    prepare: () => {
      const file = encoder.encode(filled("\r\n", fileChars));
      return () => readRange(textOf(file) ?? "", 1, Number.POSITIVE_INFINITY, 2_000).text();
    },
  },
];
