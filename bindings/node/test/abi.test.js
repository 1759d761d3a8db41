// The declarations beside the description of the headers.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';

import { kn } from '../lib/native.js';
import {
  Delivery, EventKind, LogLevel, Order, Status, WorkerState,
} from '../lib/status.js';

const abi = JSON.parse(fs.readFileSync(new URL('../../../abi/kosmonaut.json', import.meta.url)));

const NUMBERS = new Map([['int32_t', 'Int32'], ['kn_status', 'Int32'], ['int', 'Int32'],
  ['int64_t', 'Int64'], ['size_t', 'UInt64'], ['void', 'Void']]);

/** What a type of the headers is to a calling convention. */
function kindOfHeader(type) {
  return NUMBERS.get(type) ?? 'a pointer';
}

function kindOfDeclared(type) {
  return ['Pointer', 'String', 'Callback'].includes(type.primitive) ? 'a pointer' : type.primitive;
}

test('every function of the headers is declared, and no other', () => {
  assert.deepEqual(Object.keys(kn).sort(), abi.functions.map(({ name }) => name).sort());
});

test('with the headers\' parameters and results', () => {
  for (const { name, parameters, returns } of abi.functions) {
    const { info } = kn[name];
    assert.deepEqual(info.arguments.map(({ type }) => kindOfDeclared(type)),
      parameters.map(({ type }) => kindOfHeader(type)), name);
    assert.equal(kindOfDeclared(info.result), kindOfHeader(returns.type), name);
  }
});

test('the constants have the headers\' values, and none is missing', () => {
  const own = new Map(Object.entries(Status));
  for (const [prefix, constants] of [['KN_WORKER_', WorkerState], ['KN_EVENT_', EventKind],
    ['KN_LOG_', LogLevel], ['KN_', Delivery], ['KN_ORDER_', Order]]) {
    for (const [name, value] of Object.entries(constants)) own.set(prefix + name, value);
  }
  const theirs = abi.constants.filter(({ value, name }) => Number.isInteger(value) &&
    !name.startsWith('KN_VERSION'));
  assert.deepEqual(Object.fromEntries([...own].sort()),
    Object.fromEntries(theirs.map(({ name, value }) => [name, value]).sort()));
});
