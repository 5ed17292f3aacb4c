import { join } from "node:path";
import ts from "typescript";
import { packageRoot } from "../../shared/package_info.ts";

/** A value that is to be of a type of a package's declarations. */
export interface Typed {
  /** How problems name it. */
  readonly name: string;
  /** "kubernetes-models/apps/v1/Deployment" */
  readonly module: string;
  readonly type: string;
  readonly value: unknown;
}

/**
 * What the compiler has against values, held against the declarations that a package makes from a
 * published schema: misspelt keys, wrong types and what is missing. (Schemas alone allow any key
 * that they do not know.)
 */
export function typeProblems(values: readonly Typed[]): string[] {
  const imports = values.map(
    ({ module, type }, i) => `import type { ${type} as T${i} } from "${module}";`,
  );
  const constants = values.map(
    ({ value }, i) => `export const v${i}: T${i} = ${JSON.stringify(value, null, 1)};`,
  );
  const path = join(packageRoot, "test/deploy/made_for_the_compiler.ts");
  const text = [...imports, ...constants].join("\n");
  const options: ts.CompilerOptions = {
    ...{
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: [],
      exactOptionalPropertyTypes: true,
    },
    ...{ module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
    target: ts.ScriptTarget.ES2023,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (name, ...rest) =>
    name === path
      ? ts.createSourceFile(path, text, ts.ScriptTarget.ES2023)
      : getSourceFile.call(host, name, ...rest);
  host.fileExists = (name) => name === path || fileExists.call(host, name);
  host.readFile = (name) => (name === path ? text : readFile.call(host, name));
  const program = ts.createProgram([path], options, host);
  const source = program.getSourceFile(path)!;
  return ts.getPreEmitDiagnostics(program, source).map(({ start = 0, messageText }) => {
    const [, index = "-1"] = [...text.slice(0, start + 8).matchAll(/\bv(\d+): T/g)].at(-1) ?? [];
    const { line } = source.getLineAndCharacterOfPosition(start);
    const near = text.split("\n")[line]!.trim();
    const message = ts.flattenDiagnosticMessageText(messageText, " ");
    return `${values[Number(index)]?.name ?? "?"}, at ${near}: ${message}`;
  });
}
