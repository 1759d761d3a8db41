// The library, loaded, with its functions as koffi declares them.

import koffi from 'koffi';

import { CALLBACKS, FUNCTIONS, HANDLES } from './declarations.js';

const NEEDED_VERSION = 0x010000;

function load() {
  const path = process.env.KOSMONAUT_LIBRARY || 'libkosmonaut.so.1';
  try {
    return koffi.load(path);
  } catch (cause) {
    throw new Error(`cannot load ${path}: ${cause.message}; install libkosmonaut, or let ` +
      'KOSMONAUT_LIBRARY name the file', { cause });
  }
}

function declare(library) {
  koffi.alias('kn_status', 'int32_t');
  for (const handle of HANDLES) koffi.opaque(handle);
  for (const callback of CALLBACKS) koffi.proto(callback);
  const functions = {};
  for (const prototype of FUNCTIONS) {
    const declared = library.func(prototype);
    functions[declared.info.name] = declared;
  }
  return functions;
}

const library = load();

/** Every function of the headers by its name. What they call a pointer is a bigint or null here. */
export const kn = declare(library);

if (kn.kn_version_number() < NEEDED_VERSION) {
  throw new Error(`libkosmonaut ${kn.kn_version()} is older than this package needs (1.0)`);
}

/**
 * A handler that is never called: `kn_worker_next` does not look at handlers, but the filter that
 * the worker sends is made of their patterns. Any function's address will do, and that of one in
 * the library stays valid for the life of the process, unlike one of koffi's.
 */
export const NEVER_CALLED = library.symbol('kn_event_kind');

/**
 * The address of a JavaScript function for the callback type `name`, for the life of the process.
 */
export function callbackOf(name, fn) {
  return koffi.register(fn, koffi.pointer(koffi.type(name)));
}

/** `length` bytes at `pointer` as text. */
export function textAt(pointer, length) {
  return length === 0 ? '' : koffi.decode.string(pointer, length);
}

/** The text that a call handed over, which is freed. */
export function takeText(pointer) {
  try {
    return koffi.decode.string(pointer);
  } finally {
    kn.kn_string_free(pointer);
  }
}
