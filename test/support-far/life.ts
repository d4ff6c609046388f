// What the tests of links to endpoints and of rooms take from the tests' common ground, by the names they know it by.

export { afterTest } from '../support/cleanup.js';
export { pause as window, until } from '../support/wait.js';
