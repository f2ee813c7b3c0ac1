import { insert, people, trouble } from './database.js';

trouble.set('barbara', () => Promise.reject(new Error('connection lost')));

async function importPeople() {
  for (const name of people) {
    await insert(name);
  }
}

await importPeople().catch(importPeople); // try again
