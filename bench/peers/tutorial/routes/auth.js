const bcrypt = require('bcryptjs');
const express = require('express');
const jwt = require('jsonwebtoken');
const db = require('../db');
const auth = require('../middleware/auth');
const rsa = require('../utils/rsa');

const router = express.Router();

router.get('/public.pem', (req, res) => {
  res.type('application/x-pem-file').send(rsa.publicKey());
});

router.post('/register', async (req, res) => {
  const { name, email, password } = req.body ?? {};
  if (!name || !email || !password) {
    return res.status(400).json({ message: 'Name, email and password are required' });
  }
  const [found] = await db.execute('SELECT id FROM users WHERE email = ?', [email]);
  if (found.length > 0) {
    return res.status(400).json({ message: 'Email already registered' });
  }
  const hash = await bcrypt.hash(password, 10);
  const sql = 'INSERT INTO users (name, email, password) VALUES (?, ?, ?)';
  const [result] = await db.execute(sql, [name, email, hash]);
  res.status(201).json({ message: 'User registered successfully', user: { id: result.insertId, name, email } });
});

router.post('/login', async (req, res) => {
  const { email, password } = req.body ?? {};
  if (!email || !password) {
    return res.status(400).json({ message: 'Email and password are required' });
  }
  let plain;
  try {
    plain = rsa.decrypt(password);
  } catch {
    return res.status(400).json({ message: 'Password could not be decrypted' });
  }
  const [[user]] = await db.execute('SELECT * FROM users WHERE email = ?', [email]);
  if (!user || !(await bcrypt.compare(plain, user.password))) {
    return res.status(401).json({ message: 'Invalid email or password' });
  }
  const claims = { id: user.id, email: user.email };
  const token = jwt.sign(claims, process.env.JWT_SECRET, { expiresIn: process.env.JWT_EXPIRES || '1h' });
  res.json({ token, user: { id: user.id, name: user.name, email: user.email } });
});

router.get('/profile', auth, async (req, res) => {
  const sql = 'SELECT id, name, email, created_at FROM users WHERE id = ?';
  const [[user]] = await db.execute(sql, [req.user.id]);
  if (!user) {
    return res.status(404).json({ message: 'User not found' });
  }
  res.json(user);
});

// The token stays good until it expires: the client is asked to forget it.
router.post('/logout', auth, (req, res) => {
  res.json({ message: 'Logged out successfully' });
});

module.exports = router;
