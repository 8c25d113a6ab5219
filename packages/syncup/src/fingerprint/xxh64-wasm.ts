import type { Xxh64Kernel } from './xxh64-kernel.ts';

/** The module compiled from wasm/xxh64.wat, in base64. `npm run wasm` updates it. */
export const XXH64_MODULE =
  'AGFzbQEAAAABIgZgAABgAn9/AGABfgF+YAJ+fgF+YAN/f3wAYAR/f39/AX8DBwYAAQIDBAUFAwEABgZEBX4AQoeVr6+Ytt6bnn8LfgBCz9bTvtLHq9lCC34AQvnz3fGZ9pmrFgt+AELj3MqV/M7y9YV/C34AQsXP2bLx5brqJwsHLQUGbWVtb3J5AgAFYmVnaW4AAAdzdHJpcGVzAAEGZmluaXNoAAQFY2hhaW4ABQqRBQYzAQF+QQApAyAhAEEAIAAjAHwjAXw3AwBBACAAIwF8NwMIQQAgADcDEEEAIAAjAH03AxgLngEBBH5BACkDACECQQApAwghA0EAKQMQIQRBACkDGCEFAkADQCAAIAFPDQEgAiAAKQMAIwF+fEIfiSMAfiECIAMgACkDCCMBfnxCH4kjAH4hAyAEIAApAxAjAX58Qh+JIwB+IQQgBSAAKQMYIwF+fEIfiSMAfiEFIABBIGohAAwACwtBACACNwMAQQAgAzcDCEEAIAQ3AxBBACAFNwMYCw0AIAAjAX5CH4kjAH4LDwAgACABEAKFIwB+IwN8C54CAQV+QQApAxAhBiACRAAAAAAAAEBAZgRAQQApAwAhBEEAKQMIIQVBACkDGCEHIARCAYkgBUIHiXwgBkIMiSAHQhKJfHwhAyADIAQQAyEDIAMgBRADIQMgAyAGEAMhAyADIAcQAyEDBSAGIwR8IQMLIAMgArF8IQMCQANAIABBCGogAUsNASADIAApAwAQAoVCG4kjAH4jA3whAyAAQQhqIQAMAAsLIABBBGogAU0EQCADIAA1AgAjAH6FQheJIwF+IwJ8IQMgAEEEaiEACwJAA0AgACABTw0BIAMgADEAACMEfoVCC4kjAH4hAyAAQQFqIQAMAAsLIAMgA0IhiIUjAX4hAyADIANCHYiFIwJ+IQNBACADIANCIIiFNwMgC30BAn8CQANAIAJFDQEgASAAa0EFSQRAQQAPCyAAKAABIQQgBCABIABrQQVrSwRAQQAPCyAEQQVqIQQgACAEQWBxaiEFEAAgACAFEAEgACAEaiEAIAUgACAEuBAEIANBACkDIDcDACADQQhqIQMgAkEBayECDAALCyAAIAFGCw==';

/** XXH64 in WebAssembly, about 10 GB/s. Undefined on platforms without WebAssembly. */
export function xxh64Wasm(): Xxh64Kernel | undefined {
  try {
    const code = Uint8Array.from(atob(XXH64_MODULE), (character) => character.charCodeAt(0));
    // Synchronous: the module is small enough for a browser's main thread.
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code));
    const { memory, begin, stripes, finish, chain } = exports as unknown as Omit<
      Xxh64Kernel,
      'bytes' | 'view'
    > & { readonly memory: WebAssembly.Memory };
    const { buffer } = memory;
    const bytes = new Uint8Array(buffer);
    return { bytes, view: new DataView(buffer), begin, stripes, finish, chain };
  } catch {
    // There is no WebAssembly, or a content security policy forbids it.
    return undefined;
  }
}
