<?php
function adminer_object()
{
    include '/usr/share/adminer/plugins/plugin.php';
    include '/usr/share/adminer/plugins/login-password-less.php';
    return new AdminerPlugin([new AdminerLoginPasswordLess(getenv('ADMINER_PASSWORD_HASH'))]);
}
include '/usr/share/adminer/adminer.php';
