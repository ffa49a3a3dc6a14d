# SPDX-License-Identifier: MIT
"""As much of Conan as a recipe of a CMake project needs.

conan_stub.py RECIPE ARCHIVE WORK: the recipe's methods are called in Conan's order, static and shared,
and its test package is built against what is installed, and run.
"""
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import types

recipe, archive, work = sys.argv[1:]


def module(name, **members):
    made = types.ModuleType(name)
    made.__dict__.update(members)
    sys.modules[name] = made


class Settings:
    os, arch, compiler, build_type = "Linux", "x86_64", "gcc", "Release"


class Info:
    def __init__(self):
        self.properties = {}

    def set_property(self, name, value):
        self.properties[name] = value


class ConanFile:
    def __init__(self):
        self.settings = Settings()

    def run(self, command, env=None):
        subprocess.run(command, shell=True, check=True)


class CMakeToolchain:
    def __init__(self, conanfile):
        self.conanfile = conanfile
        self.cache_variables = {}

    def generate(self):
        self.conanfile.cache_variables = self.cache_variables


class CMake:
    def __init__(self, conanfile):
        self.conanfile = conanfile

    def configure(self):
        one = self.conanfile
        given = [f"-D{name}={value}" for name, value in one.cache_variables.items()]
        subprocess.run(["cmake", "-S", one.source_folder, "-B", one.build_folder,
                        "-DCMAKE_BUILD_TYPE=Release", *given], check=True)

    def build(self):
        subprocess.run(["cmake", "--build", self.conanfile.build_folder], check=True)

    def install(self):
        subprocess.run(["cmake", "--install", self.conanfile.build_folder, "--prefix",
                        self.conanfile.package_folder], check=True)


def cmake_layout(conanfile, src_folder="."):
    conanfile.layout_called = True


def get(conanfile, url, sha256, strip_root):
    with open(archive, "rb") as file:
        assert hashlib.sha256(file.read()).hexdigest() == sha256, "another archive"
    assert os.path.basename(url) == os.path.basename(archive), "another name"
    assert strip_root
    with tarfile.open(archive) as tar:
        tar.extractall(conanfile.unpacked)
    os.rename(os.path.join(conanfile.unpacked, os.listdir(conanfile.unpacked)[0]), conanfile.source_folder)


def copy(conanfile, pattern, src, dst):
    os.makedirs(dst)
    shutil.copy(os.path.join(src, pattern), dst)


module("conan", ConanFile=ConanFile)
module("conan.errors", ConanInvalidConfiguration=RuntimeError)
module("conan.tools")
module("conan.tools.build", can_run=lambda conanfile: True)
module("conan.tools.cmake", CMake=CMake, CMakeToolchain=CMakeToolchain, cmake_layout=cmake_layout)
module("conan.tools.files", copy=copy, get=get,
       rmdir=lambda conanfile, path: shutil.rmtree(path, ignore_errors=True))


def load(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return next(value for value in vars(loaded).values()
                if isinstance(value, type) and issubclass(value, ConanFile) and value is not ConanFile)


def conan_data():
    with open(os.path.join(recipe, "conandata.yml"), encoding="utf-8") as file:
        text = file.read()
    version = re.search(r'^  "([^"]*)":$', text, re.MULTILINE).group(1)
    fields = dict(re.findall(r'^    (\w+): "([^"]*)"$', text, re.MULTILINE))
    return version, {"sources": {version: fields}}


def install(shared):
    one = load(os.path.join(recipe, "conanfile.py"), "recipe")()
    base = os.path.join(work, "shared" if shared else "static")
    one.version, one.conan_data = conan_data()
    for folder in "unpacked", "source", "build", "package":
        setattr(one, folder if folder == "unpacked" else folder + "_folder", os.path.join(base, folder))
    one.cpp_info = Info()
    one.validate()
    one.layout()
    one.source()
    one.generate()
    one.cache_variables.update(BUILD_SHARED_LIBS=shared, MIO_AS_ONE=True, CMAKE_INSTALL_LIBDIR="lib")
    one.build()
    one.package()
    one.package_info()
    assert os.path.exists(os.path.join(one.package_folder, "licenses", "LICENSE"))
    assert sorted(os.listdir(one.package_folder)) == ["include", "lib", "licenses"]
    assert os.path.exists(os.path.join(one.package_folder, "lib", "libmio.so" if shared else "libmio.a"))
    return one


def write_config(one, folder):
    """What CMakeDeps makes of package_info()."""
    info = one.cpp_info
    name, target = info.properties["cmake_file_name"], info.properties["cmake_target_name"]
    libraries = " ".join(info.libs + getattr(info, "system_libs", []))
    os.makedirs(folder)
    with open(os.path.join(folder, f"{name}Config.cmake"), "w", encoding="utf-8") as file:
        file.write(f"""add_library({target} INTERFACE IMPORTED)
target_include_directories({target} INTERFACE {one.package_folder}/include)
target_link_directories({target} INTERFACE {one.package_folder}/lib)
target_link_libraries({target} INTERFACE {libraries})
""")


def test(one):
    source = os.path.join(recipe, "test_package")
    tested = load(os.path.join(source, "conanfile.py"), "test_recipe")()
    tested.source_folder = source
    tested.build_folder = os.path.join(one.build_folder, "test")
    config = os.path.join(one.build_folder, "config")
    write_config(one, config)
    tested.cache_variables = {"libmio_DIR": config}
    tested.cpp = types.SimpleNamespace(build=types.SimpleNamespace(bindir=tested.build_folder))
    tested.layout()
    tested.build()
    tested.test()


for is_shared in False, True:
    test(install(is_shared))
