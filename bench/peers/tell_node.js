#!/usr/bin/env node
// The main program of the second table's row node: as tell.c says, with the addon beside it.
const addon = require(`${__filename}.node`);
const [threads, events] = process.argv.slice(2);

let left = Number(events);
let sum = 0;

function note(x) {
  sum += x;
  if (--left === 0) addon.end(sum);
}

if (threads === 'version') console.log(`node ${process.versions.node}`);
else addon.begin(note, Number(threads), left);
