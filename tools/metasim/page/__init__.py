"""The page where a person plays a follower: plain HTML, CSS and JavaScript, all from here."""
