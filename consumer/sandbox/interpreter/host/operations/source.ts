import library from "flotilla:library";
import { parseEnv } from "node:util";
import { packageNames } from "../../../packages.ts";
import { op } from "../../protocol.ts";
import { transform, transformCommonJs } from "../../transform/transform.ts";
import type { Operation } from "./operation.ts";
import { textOf } from "./text_of.ts";

/** The longest module that a program may contain. Parsing takes about a microsecond per character. */
const moduleCharsMax = 1_000_000;
const parseFuel = 50;
const jsonCharsMax = 16_000_000;

const dataOnlyText =
  "The files of the workspace are data here: read them with fs, or import a package.";

/** Operations on sources: they read modules of the workspace, of Node and of packages, and find errors in a text. */
export const sourceOperations: Record<number, Operation> = {
  [op.module]: {
    price: ([text]) => String(text).length * parseFuel,
    perform([source, kind], _bytes, { dataOnly }) {
      if (dataOnly) throw new Error(dataOnlyText);
      const text = textOf(source, moduleCharsMax, "The module");
      const program = kind === "commonjs" ? transformCommonJs(text) : transform(text);
      if (!program.ok) throw new SyntaxError(program.error.message);
      return { text: typeof program.value === "string" ? program.value : program.value.source };
    },
  },
  [op.library]: {
    price: () => 0,
    perform([name]) {
      if (name === "packages") return { value: packageNames };
      const source = Object.hasOwn(library, String(name)) ? library[String(name)] : undefined;
      return source === undefined ? { value: null } : { text: source };
    },
  },
  [op.env]: {
    price: ([text]) => String(text).length,
    perform: ([text]) => ({ value: parseEnv(textOf(text, 100_000, "The text")) }),
  },
  [op.json]: {
    price: ([text]) => String(text).length / 4,
    perform([text]) {
      JSON.parse(textOf(text, jsonCharsMax, "The text"));
      return { value: null };
    },
  },
  [op.call_at]: {
    price: () => 500,
    perform: ([line, column], _bytes, { explanations, charge }) => ({
      value: explanations.callAt(Number(line), Number(column), charge),
    }),
  },
  [op.explain]: {
    price: () => 500,
    perform: ([message, stack], _bytes, { explanations, charge }) => ({
      value: explanations.message(String(message), String(stack), charge),
    }),
  },
};
