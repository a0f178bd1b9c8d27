import type { AnyNode, ImportDeclaration, Program } from "acorn";

/** One replacement in the program's text. Replacements never add or remove a line. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

/** The edits that turn a program into the body of an async function, and its hoisted imports. */
export function edit(text: string, program: Program): { edits: Edit[]; imports: string } {
  const edits: Edit[] = [];
  const imports: string[] = [];
  const exported: string[] = [];
  const replace = (start: number, end: number, by: string): void => {
    // Line breaks inside what is replaced stay, so that later lines keep their numbers.
    edits.push({ start, end, text: by + text.slice(start, end).replace(/[^\n]/g, "") });
  };
  if (text.startsWith("#!")) replace(0, text.search(/\n|$/), "");

  for (const node of program.body) {
    switch (node.type) {
      case "ImportDeclaration":
        imports.push(importText(node));
        replace(node.start, node.end, ";");
        break;
      case "ExportDefaultDeclaration":
        replace(node.start, node.declaration.start, defaultText(node.declaration));
        break;
      case "ExportNamedDeclaration":
        if (node.declaration) {
          replace(node.start, node.declaration.start, "");
          for (const name of declaredNames(node.declaration))
            exported.push(`get ${name}(){return ${name}}`);
        } else {
          const from = node.source ? `__from${imports.length}` : null;
          if (node.source) imports.push(`const ${from}=await __import(${node.source.raw});`);
          for (const specifier of node.specifiers) {
            const local = nameOf(specifier.local);
            const value = from ? `${from}[${JSON.stringify(local)}]` : local;
            exported.push(`get ${JSON.stringify(nameOf(specifier.exported))}(){return ${value}}`);
          }
          replace(node.start, node.end, ";");
        }
        break;
      case "ExportAllDeclaration":
        replace(
          node.start,
          node.end,
          `Object.assign(__exports,await __import(${node.source.raw}));`,
        );
        break;
      default:
        break;
    }
  }
  const start = text.startsWith("#!") ? text.search(/\n|$/) : 0;
  markLast(program.body, start, edits);
  markUnawaited(program.body, start, edits);
  rewriteNested(program, text, replace);
  if (exported.length > 0) {
    imports.push(
      `Object.defineProperties(__exports,Object.getOwnPropertyDescriptors({${exported.join(",")}}));`,
    );
  }
  return { edits, imports: imports.join("") };
}

function importText(node: ImportDeclaration): string {
  const source = JSON.stringify(node.source.value);
  const names: string[] = [];
  const wanted: string[] = [];
  let namespace = "";
  for (const specifier of node.specifiers) {
    const local = specifier.local.name;
    if (specifier.type === "ImportNamespaceSpecifier") {
      namespace = `const ${local}=await __import(${source});`;
    } else {
      const imported =
        specifier.type === "ImportDefaultSpecifier" ? "default" : nameOf(specifier.imported);
      wanted.push(imported);
      names.push(`${JSON.stringify(imported)}:${local}`);
    }
  }
  if (names.length === 0) return namespace || `await __import(${source});`;
  return `${namespace}const {${names.join(",")}}=await __import(${source},${JSON.stringify(wanted)});`;
}

function defaultText(declaration: AnyNode): string {
  const named =
    (declaration.type === "FunctionDeclaration" || declaration.type === "ClassDeclaration") &&
    declaration.id !== null;
  // A named declaration stays one, so that the rest of the program can call it.
  return named && declaration.id
    ? `Object.defineProperty(__exports,"default",{enumerable:true,get(){return ${declaration.id.name}}});`
    : "__exports.default=";
}

function declaredNames(node: AnyNode): string[] {
  switch (node.type) {
    case "FunctionDeclaration":
    case "ClassDeclaration":
      return node.id ? [node.id.name] : [];
    case "VariableDeclaration":
      return node.declarations.flatMap((entry) => declaredNames(entry.id));
    case "Identifier":
      return [node.name];
    case "ObjectPattern":
      return node.properties.flatMap((entry) =>
        declaredNames(entry.type === "RestElement" ? entry.argument : entry.value),
      );
    case "ArrayPattern":
      return node.elements.flatMap((entry) => (entry ? declaredNames(entry) : []));
    case "AssignmentPattern":
      return declaredNames(node.left);
    case "RestElement":
      return declaredNames(node.argument);
    default:
      return [];
  }
}

function nameOf(node: AnyNode): string {
  if (node.type === "Identifier") return node.name;
  return node.type === "Literal" ? String(node.value) : "";
}

/** Makes a body's last expression its value, also at the end of a block, an if or a try. */
function markLast(body: readonly AnyNode[], start: number, edits: Edit[]): void {
  markValue(body.at(-1), body.at(-2)?.end ?? start, edits);
}

/** `after` is where the statement before ends: the return goes there, so that columns stay. */
function markValue(node: AnyNode | undefined, after: number, edits: Edit[]): void {
  switch (node?.type) {
    case "ExpressionStatement":
      edits.push({ start: after, end: after, text: ";return (" });
      edits.push({ start: node.expression.end, end: node.expression.end, text: ")" });
      return;
    case "BlockStatement":
      markLast(node.body, node.start + 1, edits);
      return;
    case "IfStatement":
      for (const branch of [node.consequent, node.alternate]) {
        if (branch?.type === "BlockStatement" || branch?.type === "IfStatement") {
          markValue(branch, branch.start, edits);
        }
      }
      return;
    case "TryStatement":
      markValue(node.block, node.block.start, edits);
      if (node.handler) markValue(node.handler.body, node.handler.body.start, edits);
      return;
    default:
      return;
  }
}

/**
 * Has the engine watch what a top-level call answers when nothing awaits it: `main();` in the
 * middle of a program is to fail the run as it fails Node's process.
 */
function markUnawaited(body: readonly AnyNode[], start: number, edits: Edit[]): void {
  body.slice(0, -1).forEach((node, index) => {
    if (node.type !== "ExpressionStatement" || node.expression.type !== "CallExpression") return;
    const { callee, end } = node.expression;
    const isConsole =
      callee.type === "MemberExpression" &&
      callee.object.type === "Identifier" &&
      callee.object.name === "console";
    if (isConsole) return;
    const after = body[index - 1]?.end ?? start;
    edits.push({ start: after, end: after, text: ";__import.watch(" });
    edits.push({ start: end, end, text: ")" });
  });
}

/** Sends dynamic imports and import.meta through the engine, and heads every `.stack` read. */
function rewriteNested(
  program: Program,
  text: string,
  replace: (start: number, end: number, by: string) => void,
): void {
  if (!/\bimport\b|\.stack\b/.test(text)) return;
  const written = new Set<AnyNode>();
  const pending: AnyNode[] = [program as AnyNode];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (node.type === "AssignmentExpression") written.add(node.left);
    if (node.type === "CallExpression") written.add(node.callee);
    if (node.type === "UnaryExpression" || node.type === "UpdateExpression") {
      written.add(node.argument);
    }
    if (node.type === "ImportExpression") {
      replace(node.start, node.start + "import".length, "__import");
    }
    if (node.type === "MetaProperty" && node.meta.name === "import") {
      replace(node.start, node.end, "__import.meta");
    }
    if (node.type === "MemberExpression" && !node.computed && !written.has(node)) {
      const isStack = node.property.type === "Identifier" && node.property.name === "stack";
      if (isStack && node.object.type !== "Super") {
        replace(node.start, node.start, "__import.stack(");
        replace(node.object.end, node.end, ")");
      }
    }
    for (const child of Object.values(node) as unknown[]) {
      for (const entry of Array.isArray(child) ? child : [child]) {
        if (isNode(entry)) pending.push(entry);
      }
    }
  }
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}
