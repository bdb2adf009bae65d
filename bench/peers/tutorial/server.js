require('dotenv').config({ quiet: true });

const express = require('express');
const db = require('./db');
const rsa = require('./utils/rsa');
const authRoutes = require('./routes/auth');

const app = express();
app.use(express.json());
app.use('/api/auth', authRoutes);
app.use((error, req, res, next) => {
  console.error(error);
  res.status(error.status || 500).json({ message: error.status ? error.message : 'Server error' });
});

async function start() {
  rsa.makeKeys();
  await db.createTable();
  const port = process.env.PORT || 3000;
  app.listen(port, () => console.log(`Server running on port ${port}`));
}

start().catch((error) => {
  console.error(error);
  process.exit(1);
});
