import { describe, expect, test } from "vitest";
import { decodeText } from "../../consumer/tools/standard/charset.ts";

const bytes = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

describe("the text of a response is read in its charset", () => {
  test.each([
    ["of the header", "text/plain; charset=iso-8859-1", bytes("dGjpIOAgNbA="), "thé à 5°"],
    ["in quotes", 'text/html; charset="Windows-1252"', bytes("gCCTdGVybpQ="), "€ “tern”"],
    ["of more bytes", "text/plain; charset=Shift_JIS", bytes("k/qWew=="), "日本"],
    ["of its mark", "text/plain", bytes("//7EAHIA"), "Är"],
    ["of its mark before the header's", "text/plain; charset=latin1", bytes("77u/w4Q="), "Ä"],
    ["of UTF-8", "text/plain; charset=utf-8", bytes("dGjDqQ=="), "thé"],
    ["of UTF-8 where none is named", "", bytes("dGjDqQ=="), "thé"],
    [
      "of a page",
      "text/html",
      ascii('<meta charset="gbk"><p>\xc4\xe3'),
      '<meta charset="gbk"><p>你',
    ],
    [
      "of an XML file",
      "application/xml",
      ascii('<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>'),
      '<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>',
    ],
  ])("%s", (_name, contentType, body, text) => {
    expect(decodeText(body, contentType)).toEqual({ text, problem: null });
  });

  test("a charset that cannot be read is named, and nothing is shown garbled", () => {
    const { text, problem } = decodeText(bytes("6XQ="), "text/plain; charset=x-ours");
    expect(text).toBe("");
    expect(problem).toContain('"x-ours"');
  });
});
