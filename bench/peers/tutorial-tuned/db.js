import mysql from 'mysql2/promise'

// Each connection keeps the statements it has prepared.
const pool = mysql.createPool({ uri: process.env.DATABASE_URL, connectionLimit: 10 })

export async function one(sql, values) {
  const [[row]] = await pool.execute(sql, values)
  return row
}

export async function insert(sql, values) {
  const [result] = await pool.execute(sql, values)
  return result.insertId
}

export async function createTable() {
  await pool.query(`
    CREATE TABLE IF NOT EXISTS users (
      id INT AUTO_INCREMENT PRIMARY KEY,
      name VARCHAR(255) NOT NULL,
      email VARCHAR(255) NOT NULL UNIQUE,
      password VARCHAR(255) NOT NULL,
      created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
    )`)
}

export const close = () => pool.end()
