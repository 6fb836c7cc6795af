<?php
session_start();
$database = new PDO('sqlite:' . getenv('DATA_DIR') . '/guestbook.db');
$database->exec('CREATE TABLE IF NOT EXISTS entry (text TEXT NOT NULL)');
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    if (isset($_FILES['picture'])) {
        move_uploaded_file($_FILES['picture']['tmp_name'], getenv('DATA_DIR') . '/picture');
    }
    $database->prepare('INSERT INTO entry VALUES (?)')->execute([$_POST['text']]);
    $_SESSION['entries'] = ($_SESSION['entries'] ?? 0) + 1;
    header('Location: /');
    exit;
}
foreach ($database->query('SELECT text FROM entry') as [$text]) {
    echo '<p>', htmlspecialchars($text), '</p>';
}
?>
<form method="post" enctype="multipart/form-data"><input name="text"><input type="file" name="picture"><button>Add</button></form>
<p>You wrote <?= $_SESSION['entries'] ?? 0 ?>.</p>
