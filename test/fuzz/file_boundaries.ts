import fc from "fast-check";
import type { ResultLine } from "../../producer/api/batches/responses.ts";
import { EgressQuery } from "../../producer/api/egress/operations.ts";
import { readEgressQuery } from "../../producer/api/egress/query.ts";
import { TaskQuery } from "../../producer/api/tasks/operations.ts";
import { readTaskFilter } from "../../producer/api/tasks/task_filter.ts";
import { resultsCsv } from "../../producer/cli/csv/results_csv.ts";
import { parseJson } from "../../producer/http/json_text.ts";
import { readMail } from "../../producer/ingress/mail_parts.ts";
import { safeFileNames } from "../../producer/ingress/mailbox.ts";
import { storeLimits } from "../../shared/limits.ts";
import { CsvReader } from "../../shared/text/csv.ts";
import { type Boundary, hold, pieceSizes, piecesOf, textOf } from "./boundary.ts";

const csvText = textOf(
  ["a", ",", ";", "\t", '"', '""', "\n", "\r\n", "\r", "sep=;\n", "\ufeff", "=1+1", " "],
  20,
);

function readAll(pieces: Iterable<string>): string {
  const reader = new CsvReader({ rowCharsMax: 1_000 });
  const rows = [];
  for (const piece of pieces) {
    const read = reader.push(piece);
    if (!read.ok) return `error: ${read.error}`;
    rows.push(...read.value);
  }
  const rest = reader.end();
  return rest.ok
    ? JSON.stringify([reader.columns, ...rows, ...rest.value])
    : `error: ${rest.error}`;
}

const csvReading: Boundary = {
  name: "CSV input",
  property: () =>
    fc.property(csvText, pieceSizes, (text, sizes) => {
      const whole = readAll([text]);
      const inPieces = readAll(piecesOf(text, sizes));
      // An error may be found earlier in pieces; what is read may not differ.
      hold(
        whole === inPieces || (whole.startsWith("error") && inPieces.startsWith("error")),
        `${whole} is not ${inPieces}`,
      );
    }),
};

const hostileCell = textOf(
  [
    "=1+1",
    "+",
    "-",
    "@",
    "＝",
    "\t",
    "\n",
    "\r",
    "\0",
    "\u001b]52;c;",
    "\u202e",
    "\u009b",
    '"',
    ",",
    ";",
    "|",
    " ",
    "'",
  ],
  6,
);
const number = /^-\d+(?:\.\d+)?[\]}"\s]*$/;

const csvWriting: Boundary = {
  name: "CSV output",
  property: () =>
    fc.property(hostileCell, hostileCell, (text, name) => {
      const line = {
        ...{ index: 0, custom_id: text, task_id: "task_0", status: "failed", reason: "completed" },
        output: { [name]: text, list: [text, -1] },
        error: { code: "budget_steps", message: text },
        usage: { prompt_tokens: 1, completion_tokens: 1, cost_usd: 0 },
      } as unknown as ResultLine;
      const csv = resultsCsv([line], null);
      hold(
        !/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(
          csv.replaceAll("\r\n", "").replaceAll("\n", ""),
        ),
        "a control character is left",
      );
      for (const separator of [",", ";", "\t", "|"]) {
        for (const row of csv.split(/\r?\n/)) {
          for (const cell of row.split(separator)) {
            const start = cell.replace(/^[\s"]+/u, "");
            hold(
              !/^[=+\-@＝＋－＠]/u.test(start) || number.test(start),
              `a formula is left: ${JSON.stringify(cell)}`,
            );
          }
        }
      }
    }),
};

const mailText = textOf(
  [
    ..."From: To: Subject: Content-Type: multipart/mixed; boundary=x --x --x-- message/rfc822 text/plain text/html".split(
      " ",
    ),
    ..."Content-Transfer-Encoding: base64 quoted-printable =?utf-8?B?QUFB?= =?x?Q?=41?= <a@b.example> (c) filename*0*=utf-8''a charset=utf-16".split(
      " ",
    ),
    ...'QUFB =41 &amp; <br> <script> Content-Disposition: attachment; filename="../a"'.split(" "),
    "\r\n",
    "\r\n\r\n",
    "\n",
    " ",
    "; ",
  ],
  30,
);

const mime: Boundary = {
  name: "MIME",
  property: () =>
    fc.asyncProperty(mailText, pieceSizes, async (text, sizes) => {
      const bytes = Uint8Array.from(new TextEncoder().encode(text));
      const chunks = [
        ...piecesOf(
          bytes,
          sizes.map((size) => size * 20),
        ),
      ];
      const mail = await readMail(new Blob(chunks).stream(), bytes.byteLength);
      if (!mail.ok) return hold(mail.error.length > 0, "a rejection has no words");
      const names = safeFileNames(mail.value.attachments.map(({ filename }) => filename));
      hold(new Set(names).size === names.length, "two attachments have one name");
      hold(
        names.every((name) => /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(name)),
        `an unsafe name in ${names.join()}`,
      );
    }),
};

const queryField = fc.oneof(
  fc.constantFrom(
    "cursor",
    "limit",
    "status",
    "batch_id",
    "task_id",
    "host",
    "created_after",
    "label.a",
    "__proto__",
    "constructor",
  ),
  fc.string({ maxLength: 8 }),
);
const queryValue = textOf(
  [
    "task_",
    "batch_",
    "01arz3ndektsv4rrffq69g5fav",
    "-1",
    "0",
    "1e9",
    "9".repeat(20),
    "'",
    "%",
    "\0",
    "succeeded",
    "2026-01-01T00:00:00Z",
    "a.example",
    "[::1]",
  ],
  4,
);

const cursors: Boundary = {
  name: "cursors",
  property: () =>
    fc.property(fc.array(fc.tuple(queryField, queryValue), { maxLength: 5 }), (fields) => {
      const query = new URLSearchParams(fields);
      for (const read of [readTaskFilter(TaskQuery, query), readEgressQuery(EgressQuery, query)]) {
        if (read.ok) {
          hold(
            read.value.limit >= 1 && read.value.limit <= storeLimits.pageRowsMax,
            `the limit ${read.value.limit}`,
          );
        } else hold(read.error.message.length > 0, "a refusal has no words");
      }
    }),
};

const jsonText = textOf(
  [
    '{"a":',
    "[",
    "]",
    "}",
    ",",
    '"',
    "\\u",
    "d800",
    "1e400",
    "12345678901234567890",
    "true",
    "nul",
    " ",
    "\n",
  ],
  20,
);

const json: Boundary = {
  name: "JSON bodies",
  property: () =>
    fc.property(fc.oneof(jsonText, fc.json()), (text) => {
      const read = parseJson(text, 64);
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        return hold(!read.ok, "text that is not JSON was accepted");
      }
      if (read.ok)
        hold(JSON.stringify(read.value) === JSON.stringify(value), "another value was read");
      else hold(read.error.message.length > 0, "a refusal has no words");
    }),
};

export const fileBoundaries: readonly Boundary[] = [csvReading, csvWriting, mime, cursors, json];
