/** What this project uses of WebAssembly, which Node has but the ES library's types lack. */
declare namespace WebAssembly {
  class Memory {
    readonly buffer: ArrayBuffer;
  }

  class Module {
    constructor(bytes: Uint8Array);
  }

  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, () => void>>);
    readonly exports: unknown;
  }
}
