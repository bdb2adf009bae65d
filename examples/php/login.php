<?php
// Logs in at a Bulla server, or registers first, with plain PHP 8: the password travels sealed (seal.php).
//
//     PASSWORD='quiet tides wander north' php login.php URL EMAIL [NAME]     with a name: registers first

declare(strict_types=1);

require __DIR__ . '/seal.php';

$password = getenv('PASSWORD');
if ($argc < 3 || $argc > 4 || $password === false) {
    fail('usage: PASSWORD=… php login.php URL EMAIL [NAME]     with a name: registers first');
}
[, $url, $email] = $argv;
if ($argc === 4) {
    send('register', ['email' => $email, 'name' => $argv[3]]);
}
$login = send('login', ['email' => $email]);
echo "{$login['user']['name']} <{$login['user']['email']}>, account {$login['user']['id']}\n";
echo 'access token until ', gmdate('Y-m-d\TH:i:s\Z', time() + $login['expires_in']), "\n";

/** Registers or logs in: each route is called like the purpose of its envelope. */
function send(string $purpose, array $fields): array
{
    global $password;
    $document = ask('sealing-key');
    foreach ([false, true] as $is_last) {
        $answer = ask($purpose, $fields + ['password' => seal($document, $password, $purpose, $fields['email'])]);
        $code = $answer['code'] ?? null;
        if ($code === null) {
            return $answer;
        }
        // The key was rotated, or the nonce has expired: seal again, once. Everything else is final.
        if ($is_last || !in_array($code, ['unknown_sealing_key', 'stale_envelope'], true)) {
            fail("{$answer['detail']} ($code)");
        }
        $document = $answer['sealing_key'] ?? ask('sealing-key');
    }
}

function ask(string $route, ?array $body = null): array
{
    global $url;
    $options = ['ignore_errors' => true, 'follow_location' => 0, 'timeout' => 15];
    if ($body !== null) {
        $options += ['method' => 'POST', 'header' => 'Content-Type: application/json', 'content' => json_encode($body)];
    }
    $answer = @file_get_contents("$url/api/auth/$route", context: stream_context_create(['http' => $options]));
    return json_decode((string) $answer, true) ?? fail("$url does not answer as a Bulla server does; is it one?");
}

function fail(string $message): never
{
    fwrite(STDERR, "login: $message\n");
    exit(1);
}
