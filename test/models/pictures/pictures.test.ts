import { describe, expect, test } from "vitest";
import { openingMessages } from "../../../consumer/loop/conversation/prompt.ts";
import { wireMessages } from "../../../consumer/models/request/request_body.ts";
import {
  dataUrlOf,
  pictureSize,
  pictureTokens,
  readDataUrl,
} from "../../../shared/models/pictures.ts";
import { profileOf } from "../../../shared/models/profiles.ts";
import { estimatePrompt } from "../../../shared/models/tokens.ts";
import { gif, jpeg, pictures, png, webp } from "./bytes.ts";

describe("a picture is recognised by its bytes, with its size", () => {
  test.each(Object.entries(pictures(1_200, 700)))("%s", (type, bytes) => {
    expect(pictureSize(bytes)).toEqual({
      type: type.replace(/ .*/, ""),
      width: 1_200,
      height: 700,
    });
  });

  test.each([
    ["no bytes", new Uint8Array()],
    ["text", new TextEncoder().encode("\x89PNG is a format with a long header of many bytes")],
    ["a picture without width", png(0, 5)],
    ["a JPEG without a frame", jpeg(4, 4).slice(0, 12)],
    ["half a header", png(4, 4).slice(0, 20)],
    ["half a WebP", webp(4, 4).slice(0, 20)],
  ])("%s is none", (_name, bytes) => {
    expect(pictureSize(bytes)).toBeNull();
  });
});

describe("a data URL", () => {
  const url = dataUrlOf({ type: "image/png", width: 3, height: 3 }, png(3, 3));
  test("comes back as its bytes", () => {
    expect(readDataUrl(url)).toEqual(png(3, 3));
  });

  test.each([
    ["an address", "https://pictures.example/a.png"],
    ["another type than its bytes", url.replace("image/png", "image/gif")],
    ["a type that models do not take", url.replace("image/png", "image/svg+xml")],
    ["damaged base64", `${url.slice(0, -3)}=?`],
  ])("with %s is none", (_name, other) => {
    expect(readDataUrl(other)).toBeNull();
  });
});

test.each([
  [28, 28, 64],
  [1_120, 700, 1_000],
  [10_000, 10_000, 16_384],
])("a picture of %i × %i pixels is estimated as %i tokens", (width, height, tokens) => {
  expect(pictureTokens({ type: "image/png", width, height })).toBe(tokens);
});

const url = dataUrlOf({ type: "image/gif", width: 280, height: 280 }, gif(280, 280));
const image = { type: "image_url" as const, image_url: { url } };

test("a message with a picture is sent as its parts, and others as text", () => {
  const messages = openingMessages(
    {
      messages: [
        {
          role: "user",
          content: [{ type: "text", text: "What is" }, image, { type: "text", text: "this?" }],
        },
        {
          role: "assistant",
          content: [
            { type: "text", text: "A" },
            { type: "text", text: "cat." },
          ],
        },
      ],
    },
    [],
  );
  expect(wireMessages(messages, profileOf("m")).slice(1)).toEqual([
    {
      role: "user",
      content: [{ type: "text", text: "What is" }, image, { type: "text", text: "this?" }],
    },
    { role: "assistant", content: "A\ncat." },
  ]);
});

test("pictures of files follow the prompt, and count in the estimate", () => {
  const shown = [
    { type: "text" as const, text: "a.gif:" },
    { ...image, tokens: 100 },
  ];
  const [plain, seeing] = [[], shown].map((parts) =>
    openingMessages({ prompt: "Look." }, ["a.gif"], [], parts),
  );
  expect(wireMessages(seeing ?? [], profileOf("m")).at(-1)).toEqual({
    role: "user",
    content: [
      { type: "text", text: "Look.\n\nFiles in the workspace:\na.gif" },
      { type: "text", text: "a.gif:" },
      image,
    ],
  });
  const tokens = (messages = plain) => estimatePrompt({ messages: messages ?? [], tools: [] });
  expect(tokens(seeing) - tokens()).toBe(100);
});
