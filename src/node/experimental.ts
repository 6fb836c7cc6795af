/** Loads modules that Node still calls experimental, on demand and without a warning on the host's stderr. */

interface Experimental {
  'node:ffi': typeof import('node:ffi');
  'node:sqlite': typeof import('node:sqlite');
}

const WARNING = /^(FFI|SQLite) is an experimental feature/;

/** @throws {Error} when this Node has no such module */
export function loadExperimental<Id extends keyof Experimental>(id: Id): Experimental[Id] {
  const { emitWarning } = process;
  // Node warns while it loads the module, in the same step; only this warning is suppressed.
  process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
    if (!WARNING.test(String(warning))) Reflect.apply(emitWarning, process, [warning, ...rest]);
  };
  try {
    const module: Experimental[Id] | undefined = process.getBuiltinModule(id);
    if (module === undefined) throw new Error(`this Node has no ${id}`);
    return module;
  } finally {
    process.emitWarning = emitWarning;
  }
}
