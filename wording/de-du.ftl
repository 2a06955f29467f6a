# Was sich ändert, wenn der Bot „du“ sagt. Alles andere steht in de.ftl.

ask-place = Nenne mir deinen Ort oder deine Postleitzahl. Dann sage ich, wer zuständig ist.
